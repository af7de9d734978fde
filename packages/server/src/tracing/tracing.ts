/**
 * Traces of requests, where the environment says where they go: what has to be loaded for them is loaded then alone.
 *
 * @see OpenTelemetry, Environment Variable Specification
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { Hsm } from '@keytether/hsm'
import type { Answered } from '../answered.ts'

export interface Tracing extends AsyncDisposable {
  /** @param id of the request */
  begin(id: string, headers: IncomingHttpHeaders): void
  end(id: string, answered: Answered): void
}

type Environment = Readonly<Record<string, string | undefined>>

/** @returns undefined: nobody wants them */
export async function openTracing(
  hsm: Pick<Hsm, 'pools' | 'devices'>,
  environment: Environment = process.env,
): Promise<Tracing | undefined> {
  if (!isWanted(environment)) return undefined
  const { OpenTelemetry } = await import('./open-telemetry.ts')
  return new OpenTelemetry(hsm, environment)
}

export function isWanted(environment: Environment): boolean {
  const { OTEL_SDK_DISABLED, OTEL_TRACES_EXPORTER = 'otlp' } = environment
  const endpoint = environment.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? environment.OTEL_EXPORTER_OTLP_ENDPOINT
  return endpoint !== undefined && endpoint !== '' && OTEL_SDK_DISABLED !== 'true' && OTEL_TRACES_EXPORTER === 'otlp'
}
