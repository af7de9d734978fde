/** A request that was answered, for figures and traces. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { refusedWith } from './answers.ts'

export interface Answered {
  readonly method: string
  /** As `/v1/keys/{key}/sign`; undefined: nothing there. */
  readonly route: string | undefined
  readonly status: number
  /** What it was refused with; `OK` if it was not. */
  readonly outcome: string
  readonly ms: number
}

export function answered(request: FastifyRequest, { statusCode: status, elapsedTime: ms }: FastifyReply): Answered {
  const route = request.routeOptions.url?.replaceAll(/:(\w+)/g, '{$1}')
  return { method: request.method, route, status, outcome: refusedWith(request) ?? 'OK', ms }
}
