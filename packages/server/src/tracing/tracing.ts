/**
 * Traces of requests, where the environment says where they go: what has to be loaded for them is loaded then alone.
 *
 * @see OpenTelemetry, Environment Variable Specification
 */
import type { Hsm } from '@keytether/hsm'
import type { Log } from '../log.ts'
import type { Traces } from './traces.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** @returns undefined: nobody wants them */
export async function openTracing(
  hsm: Pick<Hsm, 'pools' | 'devices'>,
  log: Pick<Log, 'warn'>,
  environment: Environment = process.env,
): Promise<Traces | undefined> {
  if (!isWanted(environment)) return undefined
  const { OpenTelemetry } = await import('./open-telemetry.ts')
  return new OpenTelemetry(hsm, environment, error => log.warn({ reason: reasonOf(error) }, 'traces were not taken'))
}

export function isWanted(environment: Environment): boolean {
  const { OTEL_SDK_DISABLED, OTEL_TRACES_EXPORTER = 'otlp' } = environment
  const endpoint = environment.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? environment.OTEL_EXPORTER_OTLP_ENDPOINT
  return endpoint !== undefined && endpoint !== '' && OTEL_SDK_DISABLED !== 'true' && OTEL_TRACES_EXPORTER === 'otlp'
}

/** What a collector answers may be anything. */
function reasonOf(error: unknown): string {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  return [message, code].filter(one => one !== undefined).join(', ')
}
