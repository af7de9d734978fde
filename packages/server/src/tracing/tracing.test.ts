/** Traces as a collector gets them: the request, how long it waited for a device, what the device did, each command. */
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { test } from 'node:test'
import { emulatorRoot } from '@keytether/emulator'
import type { Caller } from '@keytether/hsm'
import { GroupToken } from '@keytether/test/token-group'
import { createLog } from '../log.ts'
import { startService } from '../service.ts'
import { isWanted, openTracing } from './tracing.ts'

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
const log = createLog('silent')

test('a signature from request to command, in the trace of who asked for it', async () => {
  await using collector = await Collector.start()
  const { exports } = collector
  const before = { ...process.env }
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = collector.url
  process.env.OTEL_EXPORTER_OTLP_HEADERS = 'x-team=signers'
  process.env.OTEL_SERVICE_NAME = 'hsm-berlin'
  process.env.OTEL_RESOURCE_ATTRIBUTES = 'deployment.environment=test'
  const service = await startService(
    { host: '127.0.0.1', port: 0, tokens: [token], devices: { roots: [emulatorRoot] } },
    log,
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
  assert.equal(collector.headers['x-team'], 'signers')

  const resource = text(exports[0]!.resourceSpans[0]!.resource.attributes)
  assert.deepEqual([resource['service.name'], resource['deployment.environment']], ['hsm-berlin', 'test'])
  const spans = spansOf(exports)
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

test('as many as the environment says, of those that nobody has decided on', async () => {
  const sampled = async (sampler: string | undefined, ratio: string, flags: string | undefined) => {
    await using collector = await Collector.start()
    const before = { ...process.env }
    process.env.OTEL_EXPORTER_OTLP_ENDPOINT = collector.url
    if (sampler !== undefined) process.env.OTEL_TRACES_SAMPLER = sampler
    process.env.OTEL_TRACES_SAMPLER_ARG = ratio
    const nothing = { events: new EventEmitter() }
    const tracing = await openTracing({ pools: nothing, devices: nothing } as never, log)
    process.env = before
    const headers = flags === undefined ? {} : { traceparent: `00-${'0a'.repeat(16)}-${'0b'.repeat(8)}-${flags}` }
    for (const id of ['1', '2', '3']) {
      tracing!.begin(id, headers)
      tracing!.end(id, { method: 'GET', route: '/v1/me', status: 200, outcome: 'OK', ms: 1 })
    }
    await tracing![Symbol.asyncDispose]()
    return spansOf(collector.exports).length
  }
  assert.equal(await sampled(undefined, '', undefined), 3)
  assert.equal(await sampled('parentbased_traceidratio', '0', undefined), 0)
  assert.equal(await sampled('parentbased_traceidratio', '0', '01'), 3)
  assert.equal(await sampled('always_on', '', '00'), 3)
  assert.equal(await sampled('always_off', '', '01'), 0)
})

test('a collector that is away is no failure of the service', async () => {
  const gone = await Collector.start()
  const { url } = gone
  await gone[Symbol.asyncDispose]()
  const before = { ...process.env }
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = url
  process.env.OTEL_EXPORTER_OTLP_TIMEOUT = '100'
  const warnings: unknown[] = []
  const nothing = { events: new EventEmitter() }
  const warn = (fields: unknown) => void warnings.push(fields)
  const tracing = await openTracing({ pools: nothing, devices: nothing } as never, { warn } as never)
  process.env = before
  tracing!.begin('1', {})
  tracing!.end('1', { method: 'GET', route: '/v1/me', status: 200, outcome: 'OK', ms: 1 })
  await tracing![Symbol.asyncDispose]()
  assert.match(JSON.stringify(warnings), /ECONNREFUSED|[Tt]imeout/)
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

function spansOf(exports: readonly Export[]): Span[] {
  return exports.flatMap(one => one.resourceSpans).flatMap(one => one.scopeSpans.flatMap(({ spans }) => spans))
}

/** Takes what exporters send, as OTLP over HTTP has it. */
class Collector implements AsyncDisposable {
  readonly exports: Export[] = []
  headers: IncomingHttpHeaders = {}
  readonly #server = createServer(async (request, response) => {
    this.headers = request.headers
    if (request.url === '/v1/traces') this.exports.push((await json(request)) as Export)
    response.end('{}')
  })

  static async start(): Promise<Collector> {
    const collector = new Collector()
    await new Promise<void>(resolve => collector.#server.listen(0, '127.0.0.1', resolve))
    return collector
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }
}
