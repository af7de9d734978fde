/** What it costs to be watched: signatures of tokens that answer at once, beside those that nobody looks at. */
import { createHash } from 'node:crypto'
import { openSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { emulatorRoot } from '@keytether/emulator'
import { type Caller, inRequest, openHsm, traceDevice } from '@keytether/hsm'
import { createLog } from '@keytether/server'
import { GroupToken } from '@keytether/test/token-group'
import { logWork } from '../packages/server/src/log-work.ts'
import { Metrics } from '../packages/server/src/metrics/metrics.ts'
import { openTracing } from '../packages/server/src/tracing/tracing.ts'
import { heading, print, rate } from './report.ts'

const together = 16
const never = new AbortController().signal
const login = { credential: 'test', address: '127.0.0.1' }
const digest = new Uint8Array(createHash('sha256').update('bench').digest())

/** Looks, and does nothing with it. */
const blind = { signal: never, limit: Number.POSITIVE_INFINITY, onExchange() {}, onState() {} }

const collector = createServer((request, response) => {
  request.resume().once('end', () => response.end('{}'))
}).listen(0, '127.0.0.1')
await new Promise(resolve => collector.once('listening', resolve))
process.env.OTEL_EXPORTER_OTLP_ENDPOINT = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`

heading(`Being watched, 2 tokens that answer at once, ${together} signatures at once`)
const watches: readonly (readonly [string, Watch])[] = [
  ['figures for Prometheus', hsm => new Metrics(hsm) && undefined],
  ['log at debug', hsm => logWork(createLog('debug', openSync('/dev/null', 'w')), hsm)],
  ['log at trace', hsm => logWork(createLog('trace', openSync('/dev/null', 'w')), hsm)],
  ['live trace of a token', (hsm, caller, device) => void traceDevice(hsm, caller, device, blind)],
  ['OpenTelemetry', hsm => openTracing(hsm, createLog('silent'))],
]
await signatures(() => {})
for (const [name, watch] of watches) {
  const beside = { name: 'nobody', value: await signatures(() => {}) }
  print({ name, value: await signatures(watch), unit: '/s', beside })
}
process.exit(0)

type Hsm = Awaited<ReturnType<typeof openHsm>>
type Begin = Awaited<ReturnType<typeof openTracing>>
type Watch = (hsm: Hsm, caller: Caller, device: string) => unknown

/** A second, with the service as it is watched. */
async function signatures(watch: Watch): Promise<number> {
  await using hsm = await openHsm({ devices: { roots: [emulatorRoot] } })
  const roles = ['administrator', 'manager', 'operator'] as const
  const caller: Caller = { principal: 'prn_bench', name: 'bench', tenant: hsm.tenants.main, roles, tags: [], login }
  const tokens = [await GroupToken.make(), await GroupToken.make()] as const
  for (const token of tokens) await token.plugIn(hsm.devices)
  await hsm.registry.settled()
  const { group } = hsm.groups.memberOf(tokens[0].path)!
  await hsm.groups.join(caller, tokens[1].path, group)
  await hsm.keys.create(caller, { name: 'web', group, type: { kind: 'EC', curve: 'secp256r1' } }, never)
  const tracing = (await watch(hsm, caller, tokens[0].path)) as Begin
  let number = 0
  const sign = async () => {
    const id = String(number++)
    tracing?.begin(id, {})
    await inRequest({ id, uses: [], refused: [] }, () =>
      hsm.cryptography.sign(caller, { key: 'web' }, { digest }, {}, never),
    )
    tracing?.end(id, { method: 'POST', route: '/v1/keys/{key}/sign', status: 200, outcome: 'OK', ms: 1 })
  }
  const perSecond = together * (await rate(() => Promise.all(Array.from({ length: together }, sign)), 1))
  hsm.devices.close('the benchmark is over')
  return perSecond
}
