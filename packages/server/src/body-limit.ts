/** Bodies as large as the tenant of whoever sends them may send, whether they say how large they are or not. */
import { type Readable, Transform } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { RequestError } from './errors.ts'

/**
 * @param most bytes; undefined: what the route takes
 * @throws RequestError BODY_TOO_LARGE
 */
export function withinLimit({ headers }: FastifyRequest, payload: Readable, most: number | undefined): Readable {
  if (most === undefined) return payload
  const tooLarge = () =>
    new RequestError('BODY_TOO_LARGE', `wanted at most ${most} bytes, which is what your tenant may send`)
  const announced = headers['content-length']
  if (announced !== undefined) {
    if (Number(announced) > most) throw tooLarge()
    return payload
  }
  let size = 0
  const counting = new Transform({
    transform(chunk: Uint8Array, _, done) {
      size += chunk.length
      if (size > most) done(tooLarge())
      else done(null, chunk)
    },
  })
  payload.once('error', error => counting.destroy(error))
  // Whoever reads it hears of it; nobody may be reading yet, or any more.
  counting.on('error', () => {})
  return payload.pipe(counting)
}
