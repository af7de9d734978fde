/** Who has opened a card for two of three keys, whatever happens in between: compared with a model of nothing but that. */
import { test } from 'node:test'
import { toHex } from '@keytether/codec'
import { chooseAuthenticationKey, custodian, deviceOf, registerCustodian } from '@keytether/test/custodian'
import { apdu, emulatedToken, soPin } from '@keytether/test/emulated-token'
import fc from 'fast-check'
import { memoryStore } from './store/store.ts'

const initialize = `8050000012 80020001 8208${soPin} 93020302`
const people = await Promise.all(['ZZALICE00001', 'ZZBOB00001', 'ZZCAROL00001'].map(name => custodian(name)))
const indexes = people.map((_, index) => index)

interface Model {
  /** Chosen for authentication. */
  chosen: number | undefined
  /** Which of the challenges given is open. */
  challenge: number | undefined
  readonly authenticated: Set<number>
}

type Step =
  | { readonly kind: 'choose'; readonly key: number }
  | { readonly kind: 'challenge' }
  /** By this key, over the last challenge or an earlier one. */
  | { readonly kind: 'answer'; readonly key: number; readonly age: number }
  | { readonly kind: 'select' | 'use' }

const key = fc.constantFrom(...indexes)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('choose' as const), key }) },
  { weight: 4, arbitrary: fc.constant({ kind: 'challenge' as const }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('answer' as const), key, age: fc.constantFrom(0, 0, 0, 1) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'select' as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'use' as const }) },
)

function answered(model: Model, by: number, isLast: boolean): string {
  const { chosen, challenge, authenticated } = model
  if (chosen === undefined || challenge === undefined || authenticated.has(chosen)) return '6985'
  model.challenge = undefined
  if (by !== chosen || !isLast) return '6300'
  authenticated.add(chosen)
  return '9000'
}

test('no order of choices, challenges, answers and selections opens the card without two of the keys', async () => {
  const store = memoryStore()
  const { send, emulator } = await emulatedToken('selected', store)
  await send(initialize)
  for (const each of people) await registerCustodian({ emulator, send }, each)
  const device = await deviceOf({ emulator, send })

  const property = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async run => {
    await send(apdu.select)
    const model: Model = { chosen: undefined, challenge: undefined, authenticated: new Set() }
    const challenges: Uint8Array[] = []
    for (const each of run) {
      switch (each.kind) {
        case 'choose': {
          const taken = model.authenticated.has(each.key)
          model.chosen = taken ? undefined : each.key
          expect(taken ? '6985' : '9000', await send(chooseAuthenticationKey(people[each.key]!.name)), each)
          break
        }
        case 'challenge':
          challenges.push(Buffer.from((await send('0084000008')).slice(0, 16), 'hex'))
          model.challenge = challenges.length - 1
          break
        case 'answer': {
          const index = challenges.length - 1 - each.age
          const signature = await people[each.key]!.sign(device, challenges[index] ?? new Uint8Array(8))
          const wanted = answered(model, each.key, index >= 0 && each.age === 0)
          expect(wanted, await send(`0082000040 ${toHex(signature)}`), each)
          break
        }
        case 'select':
          await send(apdu.select)
          Object.assign(model, { chosen: undefined, challenge: undefined })
          model.authenticated.clear()
          break
        case 'use': {
          const wanted = model.authenticated.size >= 2 ? '6A82' : '6982'
          expect(wanted, await send('80680170 01 00 00'), each)
          expect(`0300020${model.authenticated.size}9000`, await send('8054000004'), each)
          break
        }
      }
    }
  })
  await fc.assert(property, { numRuns: 150 })
})

function expect(wanted: string, got: string, step: Step): void {
  if (got !== wanted) throw new Error(`${JSON.stringify(step)}: wanted ${wanted}, got ${got}`)
}
