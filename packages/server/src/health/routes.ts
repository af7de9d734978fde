/** `/health/alive` the process answers · `/health/ready` it takes requests · `/health/state` in words. */
import type { Hsm } from '@keytether/hsm'
import type { FastifyPluginAsync } from 'fastify'
import { isoTime } from '../rest/times.ts'
import { readiness } from './readiness.ts'

export const healthPath = '/health'

export function healthRoutes(hsm: Hsm, draining: () => boolean): FastifyPluginAsync {
  const stateNow = readiness(hsm, draining)
  return async app => {
    app.get('/alive', () => ({ alive: true, secrets: hsm.vault.state }))
    app.get('/ready', async (_, reply) => {
      const { state, reasons } = await stateNow()
      const ready = state === 'operational'
      return reply.code(ready ? 200 : 503).send({ ready, reasons })
    })
    app.get('/state', async () => {
      const { state, reasons } = await stateNow()
      return { state, reasons, secrets: hsm.vault.state, startedAt: isoTime(hsm.startedAt) }
    })
  }
}
