/**
 * Work that takes a while, as server-sent events: how far it is, and then its answer, or what went wrong.
 *
 * @see HTML, 9.2
 */
import { PassThrough } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { problemOf } from '../answers.ts'

/** A sign of life that keeps proxies from giving the connection up. */
const aliveMs = 15_000

/**
 * @param work tells how far it is; what is wrong before it has told anything is an answer like any other
 * @throws what the work throws before it has told anything
 */
export async function streamProgress(
  reply: FastifyReply,
  work: (tell: (item: unknown) => void) => Promise<unknown>,
): Promise<FastifyReply> {
  let stream: PassThrough | undefined
  const begun = () => {
    if (stream !== undefined) return stream
    stream = new PassThrough()
    void reply.type('text/event-stream').header('X-Accel-Buffering', 'no').send(stream)
    return stream
  }
  const write = (event: string | undefined, data: unknown) =>
    begun().write(`${event === undefined ? '' : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`)
  const timer = setInterval(() => stream?.write(': alive\n\n'), aliveMs)
  try {
    write('answer', await work(item => write(undefined, item)))
    begun().end()
  } catch (error) {
    if (stream === undefined) throw error
    const problem = problemOf(error)
    if (problem === undefined) {
      reply.log.error({ err: error }, 'request failed')
      stream.destroy()
    } else {
      write('problem', problem)
      stream.end()
    }
  } finally {
    clearInterval(timer)
  }
  return reply
}
