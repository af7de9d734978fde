import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { ChannelError } from './errors.ts'

test('what the card answered before the channel failed is there, but not in logs', () => {
  const responses = [new TextEncoder().encode('secret')]
  const error = new ChannelError('REMOVED', 'the card is gone', { responses })
  assert.equal(error.responses, responses)
  assert.doesNotMatch(inspect(error) + JSON.stringify(error), /responses/)
  assert.deepEqual(new ChannelError('CLOSED', 'closed').responses, [])
})
