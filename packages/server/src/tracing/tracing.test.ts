/** Traces as a collector gets them: the request, how long it waited for a device, what the device did, each command. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { test } from 'node:test'
import { emulatorRoot } from '@keytether/emulator'
import type { Caller } from '@keytether/hsm'
import { GroupToken } from '@keytether/test/token-group'
import { createLog } from '../log.ts'
import { startService } from '../service.ts'
import { isWanted } from './tracing.ts'

interface Attribute {
  readonly key: string
  readonly value: { readonly stringValue?: string; readonly intValue?: number; readonly boolValue?: boolean }
}

interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly Attribute[]
}

interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] }
    readonly scopeSpans: readonly { readonly spans: readonly Span[] }[]
  }[]
}

const token = 'the-token-of-this-test'

test('a signature from request to command, in the trace of who asked for it', async () => {
  const exports: Export[] = []
  const collector = createServer(async (request, response) => {
    if (request.url === '/v1/traces') exports.push((await json(request)) as Export)
    response.end('{}')
  }).listen(0, '127.0.0.1')
  await new Promise(resolve => collector.once('listening', resolve))
  const before = { ...process.env }
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`
  process.env.OTEL_RESOURCE_ATTRIBUTES = 'deployment.environment=test'
  const service = await startService(
    { host: '127.0.0.1', port: 0, tokens: [token], devices: { roots: [emulatorRoot] } },
    createLog('silent'),
  )
  process.env = before
  const { hsm } = service
  const caller: Caller = {
    ...{ principal: 'prn_test', name: 'tester', tenant: hsm.tenants.main, tags: [] },
    ...{ roles: ['administrator', 'manager'], login: { credential: 'test', address: '127.0.0.1' } },
  }
  const device = await GroupToken.make()
  await device.plugIn(hsm.devices)
  await hsm.registry.settled()
  const { group } = hsm.groups.memberOf(device.path)!
  const type = { kind: 'EC', curve: 'secp256r1' } as const
  await hsm.keys.create(caller, { name: 'web', group, type }, AbortSignal.timeout(30_000))
  const [traceId, parent] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331']
  const ask = (path: string, flags: string) =>
    fetch(`${service.url}${path}`, {
      method: 'POST',
      headers: {
        ...{ Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        traceparent: `00-${traceId}-${parent}-${flags}`,
      },
      body: JSON.stringify({ message: Buffer.from('hello').toString('base64') }),
    })
  const signed = await ask('/v1/keys/web/sign', '01')
  assert.equal(signed.status, 200)
  assert.equal((await ask('/v1/keys/nothing/sign', '01')).status, 404)
  assert.equal((await ask('/v1/keys/web/sign', '00')).status, 200)
  await service.close()
  await new Promise(resolve => collector.close(resolve))

  const resource = text(exports[0]!.resourceSpans[0]!.resource.attributes)
  assert.deepEqual([resource['service.name'], resource['deployment.environment']], ['keytether', 'test'])
  const spans = exports.flatMap(one => one.resourceSpans).flatMap(one => one.scopeSpans.flatMap(({ spans }) => spans))
  const [request, refused, ...more] = spans.filter(({ name }) => name === 'POST /v1/keys/{key}/sign')
  assert.deepEqual(more, [], 'what its sender does not want recorded is not')
  assert.ok(request !== undefined && refused !== undefined)
  assert.deepEqual([request.traceId, request.parentSpanId], [traceId, parent])
  assert.equal(text(request.attributes)['keytether.request.id'], signed.headers.get('x-request-id'))
  assert.equal(text(refused.attributes)['error.type'], 'NOT_FOUND')
  const inside = (outer: Span) => spans.filter(({ parentSpanId }) => parentSpanId === outer.spanId)
  assert.deepEqual(inside(refused), [])
  const [waiting, signing] = inside(request)
  assert.deepEqual([waiting?.name, signing?.name], ['wait for sign EC secp256r1', 'sign EC secp256r1'])
  const { 'keytether.key': key, 'keytether.device': path } = text(signing!.attributes)
  assert.deepEqual([key, path], ['web v1', device.path])
  const [command] = inside(signing!)
  assert.equal(command?.name, 'SIGN')
  const apdu = text(command!.attributes)
  assert.deepEqual([apdu['keytether.apdu.status'], apdu['keytether.apdu.answer']], ['9000', 'secret'])
  const around = [request, signing!, command!]
  for (const [index, span] of around.slice(1).entries()) {
    const [outer, [from, to]] = [timesOf(around[index]!), timesOf(span)]
    assert.ok(outer[0] <= from && from <= to && to <= outer[1], `${span.name} within ${around[index]!.name}`)
  }
})

test('wanted where the environment names a collector, and not against its will', () => {
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318' }
  assert.equal(isWanted({}), false)
  assert.equal(isWanted(endpoint), true)
  assert.equal(isWanted({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://localhost:4318/v1/traces' }), true)
  assert.equal(isWanted({ ...endpoint, OTEL_SDK_DISABLED: 'true' }), false)
  assert.equal(isWanted({ ...endpoint, OTEL_TRACES_EXPORTER: 'none' }), false)
})

function text(attributes: readonly Attribute[]): Record<string, string | undefined> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue]))
}

/** Whole microseconds: more a number has not. */
function timesOf({ startTimeUnixNano, endTimeUnixNano }: Span): [number, number] {
  return [Math.floor(Number(startTimeUnixNano) / 1e3), Math.ceil(Number(endTimeUnixNano) / 1e3)]
}
