/** Requests as spans: the request, in it each operation of a device and how long that waited, in that each command. Over OTLP. */
import type { IncomingHttpHeaders } from 'node:http'
import type { DeviceExchange, DeviceOperation, Hsm } from '@keytether/hsm'
import {
  type Attributes,
  type Context,
  defaultTextMapGetter,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { setGlobalErrorHandler, W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import type { Answered } from '../answered.ts'
import { version } from '../version.ts'
import type { Traces } from './traces.ts'

/** A request that is under way, with what devices have done for it. */
interface Traced {
  readonly span: Span
  readonly context: Context
  readonly operations: DeviceOperation[]
  readonly exchanges: DeviceExchange[]
}

/** Of one request: what moves whole tokens is as clear from its beginning. */
const mostExchanges = 1_000
/** How long the end waits for the collector to take the last ones. */
const lingerMs = 2_000

export class OpenTelemetry implements Traces {
  readonly #provider: TracerProvider
  readonly #tracer: Tracer
  readonly #propagator = new W3CTraceContextPropagator()
  readonly #traced = new Map<string, Traced>()
  readonly #leave: () => void
  readonly #onTrouble: (error: unknown) => void

  /** @param onTrouble traces could not be handed over */
  constructor(
    { pools, devices }: Pick<Hsm, 'pools' | 'devices'>,
    environment: Readonly<Record<string, string | undefined>>,
    onTrouble: (error: unknown) => void,
  ) {
    this.#onTrouble = onTrouble
    setGlobalErrorHandler(onTrouble)
    const service = resourceFromAttributes({ 'service.name': 'keytether', 'service.version': version })
    this.#provider = new TracerProvider({
      resource: defaultResource()
        .merge(service)
        .merge(detectResources({ detectors: [envDetector] })),
      sampler: sampler(environment),
      spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
    })
    this.#tracer = this.#provider.getTracer('keytether', version)
    const onOperation = (operation: DeviceOperation) => this.#of(operation)?.operations.push(operation)
    const onExchange = (exchange: DeviceExchange) => {
      const traced = this.#of(exchange)
      if (traced !== undefined && traced.exchanges.length < mostExchanges) traced.exchanges.push(exchange)
    }
    pools.events.on('operation', onOperation)
    devices.events.on('exchange', onExchange)
    this.#leave = () => {
      pools.events.off('operation', onOperation)
      devices.events.off('exchange', onExchange)
    }
  }

  begin(id: string, headers: IncomingHttpHeaders): void {
    const parent = this.#propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter)
    const attributes = { 'keytether.request.id': id }
    const span = this.#tracer.startSpan(
      'request',
      { kind: SpanKind.SERVER, attributes, startTime: epoch(performance.now()) },
      parent,
    )
    if (!span.isRecording()) return
    this.#traced.set(id, { span, context: trace.setSpan(parent, span), operations: [], exchanges: [] })
  }

  end(id: string, { method, route, status, outcome }: Answered): void {
    const traced = this.#traced.get(id)
    if (traced === undefined) return
    this.#traced.delete(id)
    const { span } = traced
    span.updateName(route === undefined ? method : `${method} ${route}`)
    span.setAttributes({
      ...{ 'http.request.method': method, 'http.response.status_code': status },
      ...(route !== undefined && { 'http.route': route }),
      ...(outcome !== 'OK' && { 'error.type': outcome }),
    })
    if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR, message: outcome })
    this.#addWork(traced)
    span.end(epoch(performance.now()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leave()
    // Nobody waits long for a collector, and that it is away is no failure of the service.
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, lingerMs)
    await Promise.race([this.#provider.shutdown().catch(this.#onTrouble), late])
    clearTimeout(timer)
  }

  #of({ request }: { readonly request: string | undefined }): Traced | undefined {
    return request === undefined ? undefined : this.#traced.get(request)
  }

  #addWork({ context, operations, exchanges }: Traced): void {
    const rest = new Set(exchanges)
    for (const operation of operations) {
      const { kind, key, device, askedAt, startedAt, endedAt, outcome } = operation
      this.#add(`wait for ${kind}`, { 'keytether.device': device }, { startedAt: askedAt, endedAt: startedAt }, context)
      const attributes = {
        'keytether.device': device,
        ...(key && { 'keytether.key': key }),
        'keytether.outcome': outcome,
      }
      const inside = this.#add(kind, attributes, operation, context, outcome === 'done' ? undefined : outcome)
      for (const exchange of exchanges) {
        const isIts = exchange.device === device && exchange.startedAt >= startedAt && exchange.endedAt <= endedAt
        if (isIts && rest.delete(exchange)) this.#addExchange(exchange, inside)
      }
    }
    for (const exchange of rest) this.#addExchange(exchange, context)
  }

  #addExchange(exchange: DeviceExchange, context: Context): void {
    const { device, command, parameters, data, outcome, status, answer, secure } = exchange
    const apdu = { parameters, data, outcome, status, answer, secure }
    const named = Object.entries(apdu).map(([name, value]) => [`keytether.apdu.${name}`, value])
    const attributes = { ...(device && { 'keytether.device': device }), ...Object.fromEntries(named) }
    this.#add(command, attributes, exchange, context)
  }

  #add(
    name: string,
    attributes: Attributes,
    { startedAt, endedAt }: { readonly startedAt: number; readonly endedAt: number },
    context: Context,
    error?: string,
  ): Context {
    const span = this.#tracer.startSpan(name, { attributes, startTime: epoch(startedAt) }, context)
    if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error })
    span.end(epoch(endedAt))
    return trace.setSpan(context, span)
  }
}

/** Of one clock for all spans. @param ms as `performance.now` has them */
function epoch(ms: number): number {
  return performance.timeOrigin + ms
}

/** What a caller has decided about a trace holds for what is done for it here, unless the environment says that it does not. */
function sampler({
  OTEL_TRACES_SAMPLER = 'parentbased_always_on',
  OTEL_TRACES_SAMPLER_ARG = '1',
}: Readonly<Record<string, string | undefined>>) {
  const ratio = new TraceIdRatioBasedSampler(Number(OTEL_TRACES_SAMPLER_ARG))
  const roots = { always_on: new AlwaysOnSampler(), always_off: new AlwaysOffSampler(), traceidratio: ratio } as const
  const [, parentBased, name = ''] = /^(parentbased_)?(.*)$/.exec(OTEL_TRACES_SAMPLER)!
  const root = Object.hasOwn(roots, name) ? roots[name as keyof typeof roots] : roots.always_on
  return parentBased === undefined ? root : new ParentBasedSampler({ root })
}
