/** SESSION PIN. */
import { randomInt } from 'node:crypto'
import { deviceOptions, type MakeSessionPin } from '@keytether/card'
import type { Handler } from '../handler.ts'

const digits = 8

export const makeSessionPin: Handler<typeof MakeSessionPin> = card => {
  const { access } = card.state
  if (((access?.options ?? 0) & deviceOptions.sessionPinClearedOnReset) === 0) return { status: 'notSupported' }
  const { messaging, verified } = card.session
  // In the clear, who listens would have a PIN.
  if (messaging === undefined || !verified.has('user')) return { status: 'securityNotSatisfied' }
  const text = Array.from({ length: digits }, () => randomInt(10)).join('')
  card.sessionPin = new TextEncoder().encode(text)
  return { status: 'ok', data: card.sessionPin }
}
