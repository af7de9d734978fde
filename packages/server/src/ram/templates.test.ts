import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommandTemplate, encodeCommand } from '@keytether/card'
import { encode } from '@keytether/codec'
import fc from 'fast-check'
import { fitting, messagePortion, portionsOf, resetPortion } from './templates.ts'

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
      const templates = portionsOf(commands).map(({ elements }) => elements)
      assert.deepEqual(
        templates.flat().map(({ value }) => value),
        commands,
      )
      for (const template of templates) {
        assert(template.length <= 127)
        assert(encode(CommandTemplate, [...template]).length <= 4 + 65_535)
      }
    }),
    { numRuns: 100 },
  )
})

test('answers of 4,096 bytes: fifteen to a template', () => {
  const read = encodeCommand({ cla: 0, ins: 0xb1, p1: 0, p2: 0, data: new Uint8Array(), le: 65_536 })
  const lengths = portionsOf(Array.from({ length: 32 }, () => read)).map(({ elements }) => elements.length)
  assert.deepEqual(lengths, [15, 15, 2])
})

test('portions are joined into what one template can carry, in their order', () => {
  const portion = fc.oneof(
    fc.array(command, { minLength: 1, maxLength: 60 }).map(commands => portionsOf(commands)),
    fc.constant([resetPortion]),
    fc.string({ maxLength: 1000 }).map(text => [messagePortion(1, text)]),
  )
  fc.assert(
    fc.property(fc.array(portion, { minLength: 1, maxLength: 20 }), all => {
      const portions = all.flat()
      while (portions.length > 0) {
        const count = fitting(portions)
        assert(count > 0)
        const elements = portions.splice(0, count).flatMap(one => one.elements)
        assert(elements.filter(({ kind }) => kind === 'command').length <= 127)
        assert(encode(CommandTemplate, elements).length <= 4 + 65_535)
      }
    }),
    { numRuns: 100 },
  )
})
