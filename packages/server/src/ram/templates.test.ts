import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CommandElement, CommandTemplate, encodeCommand } from '@keytether/card'
import { encode } from '@keytether/codec'
import fc from 'fast-check'
import { templatesOf } from './templates.ts'

const command = fc
  .record({
    ins: fc.nat(255),
    data: fc.uint8Array({ maxLength: 5000 }),
    le: fc.option(fc.integer({ min: 1, max: 65_536 }), { nil: undefined }),
  })
  .map(({ ins, data, le }) => encodeCommand({ cla: 0x80, ins, p1: 0, p2: 0, data, le }))

test('templates and the answers to them stay within what the format and clients can carry', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 300 }), commands => {
      const templates = templatesOf(commands)
      assert.deepEqual(
        templates.flat().map(({ value }) => value),
        commands,
      )
      for (const template of templates) {
        assert(template.length <= 127)
        assert(encode(CommandTemplate, template).length <= 4 + 65_535)
      }
    }),
    { numRuns: 100 },
  )
})

test('answers of 4,096 bytes: fifteen to a template', () => {
  const read = encodeCommand({ cla: 0, ins: 0xb1, p1: 0, p2: 0, data: new Uint8Array(), le: 65_536 })
  const lengths = templatesOf(Array.from({ length: 32 }, () => read)).map(
    (template: CommandElement[]) => template.length,
  )
  assert.deepEqual(lengths, [15, 15, 2])
})
