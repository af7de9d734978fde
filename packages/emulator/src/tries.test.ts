/** How many tries a PIN has left, whatever happens in between: compared with a model of nothing but that. */
import { test } from 'node:test'
import { apdu, emulatedToken, pin, soPin } from '@keytether/test/emulated-token'
import fc from 'fast-check'
import { memoryStore } from './store/store.ts'

const wrongPin = '393939393939'
const wrongSo = '3030303030303030'

interface Model {
  user: number
  so: number
  verified: boolean
}

/** Presents a PIN to the model: the status word, and whether it was right. */
function presented(model: Model, role: 'user' | 'so', right: boolean): string {
  if (model[role] === 0) return '6983'
  if (right) {
    model[role] = role === 'user' ? 3 : 15
    return '9000'
  }
  if (role === 'user') model.verified = false
  model[role]--
  return tries(model[role])
}

function tries(left: number): string {
  return `63C${left.toString(16).toUpperCase()}`
}

type Step = readonly [command: string, expected: (model: Model) => string]

const reset = (right: boolean) => (model: Model) => {
  const status = presented(model, 'so', right)
  if (status === '9000') Object.assign(model, { user: 3, verified: false })
  return status
}

function logsIn(model: Model): string {
  const status = presented(model, 'user', true)
  if (status === '9000') model.verified = true
  return status
}

const steps: readonly Step[] = [
  [apdu.verify, logsIn],
  [`0020008106 ${wrongPin}`, model => presented(model, 'user', false)],
  [`002400810C ${pin}${pin}`, logsIn],
  [`002400810C ${wrongPin}${pin}`, model => presented(model, 'user', false)],
  [`002400810B ${pin}3132333435`, model => (presented(model, 'user', true) === '9000' ? '6A80' : '6983')],
  [`0020008805 ${wrongSo.slice(0, 10)}`, () => '6A80'],
  [`0020008808 ${soPin}`, model => presented(model, 'so', true)],
  [`0020008808 ${wrongSo}`, model => presented(model, 'so', false)],
  [`0024008810 ${soPin}${soPin}`, model => presented(model, 'so', true)],
  [`0024008810 ${wrongSo}${soPin}`, model => presented(model, 'so', false)],
  [`002C018108 ${soPin}`, reset(true)],
  [`002C018108 ${wrongSo}`, reset(false)],
  [`002C00810E ${soPin}${pin}`, reset(true)],
  [`002C00810E ${wrongSo}${pin}`, reset(false)],
  [apdu.initialize, reset(true)],
  ['00200081', model => (model.verified ? '9000' : model.user === 0 ? '6983' : tries(model.user))],
]

const away = ['select', 'restart'] as const

test('no order of commands, selections and restarts loses a try or gives one back', async () => {
  const step = fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...steps) }, fc.constantFrom(...away))
  const property = fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async run => {
    const store = memoryStore()
    let token = await emulatedToken('initialized', store)
    const model: Model = { user: 3, so: 15, verified: false }
    for (const each of run) {
      if (typeof each !== 'string') {
        const [command, expected] = each
        const [wanted, got] = [expected(model), await token.send(command)]
        if (got !== wanted) throw new Error(`${command}: wanted ${wanted}, got ${got}`)
        continue
      }
      model.verified = false
      if (each === 'select') await token.send(apdu.select)
      // Not closed before: a process that is killed has stored what it has answered.
      else token = await emulatedToken('selected', store)
    }
  })
  await fc.assert(property, { numRuns: 300 })
})
