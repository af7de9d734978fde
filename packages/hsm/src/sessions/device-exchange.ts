/** What is exchanged with a device, for who may watch: secrets in it are masked before anybody is told. */
import { type ExchangeWords, exchangeWords } from '@keytether/card'
import type { Exchange } from '@keytether/driver'
import { currentRequest } from '../requests/context.ts'
import type { DeviceSession } from './device-session.ts'

export interface DeviceExchange extends ExchangeWords {
  /** Certified path with dots; undefined before the device is identified. */
  readonly device: string | undefined
  /** The id of the request that it is for; undefined: the service does it by itself. */
  readonly request: string | undefined
  /** Whether it was protected on its way. */
  readonly secure: boolean
  /** Milliseconds, as `performance.now` has them; commands that were sent together have the same. */
  readonly startedAt: number
  readonly endedAt: number
}

export function exchangesInWords({ id: device }: DeviceSession, exchange: Exchange): DeviceExchange[] {
  const { commands, responses, secure, startedAt, endedAt } = exchange
  const request = currentRequest()?.id
  return commands.map((command, index) => ({
    ...{ device, request, secure, startedAt, endedAt },
    ...exchangeWords(command, responses?.[index]),
  }))
}
