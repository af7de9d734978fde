/** One session: a card is introduced to a server, which then has commands carried out on it until it is done. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Initiation, ResponseTemplate } from '@keytether/card'
import { encode } from '@keytether/codec'
import { Connection } from './connection.ts'
import { SessionError } from './errors.ts'
import { type ExecuteOptions, Execution } from './execute.ts'
import type { HttpAnswer, HttpOptions } from './http.ts'
import { printable } from './printable.ts'
import { readTemplate } from './template.ts'

export interface SessionOptions extends HttpOptions, ExecuteOptions {
  /** Ends the session: the server is told, with the reason if that is a text, then the call throws. */
  readonly signal?: AbortSignal
}

/** How long a last word may take. */
const farewellMs = 2_000
/** A server that does not hold requests is asked this often in a row, then once a second. */
const eager = 10
const instantMs = 100
const pauseMs = 1_000
const maxReason = 200

/**
 * Resolves when the server ends the session in order. The channel stays open; what is logged in, stays so.
 *
 * @throws SessionError
 */
export async function runSession(options: SessionOptions): Promise<void> {
  using connection = new Connection(options)
  const { channel, hooks, signal } = options
  let body: Uint8Array = encode(Initiation, { atr: channel.atr })
  let failure: SessionError | undefined
  let templates = 0
  let instant = 0
  for (;;) {
    const asked = performance.now()
    const answer = await connection.post(body, signal).catch(error => leave(connection, error, templates))
    if (answer.status === 204 && failure) throw failure
    if (answer.status === 204) return
    if (answer.status !== 200) throw statusError(answer, templates > 0)
    if (templates++ === 0) hooks?.connected?.()
    const elements = await read(connection, answer)
    const idle = elements.every(({ kind }) => kind === 'notify')
    instant = idle && performance.now() - asked < instantMs ? instant + 1 : 0
    if (instant >= eager) await sleep(pauseMs, undefined, signal && { signal }).catch(() => {})
    const execution = new Execution(options)
    await execution.run(elements).catch(error => leave(connection, error, templates))
    failure = execution.failure
    // The server does not wait for an answer to a message that ends the session.
    if (failure?.code === 'NOTICE') throw failure
    body = execution.body()
  }
}

async function read(connection: Connection, { body, complete }: HttpAnswer) {
  try {
    if (!complete) throw new SessionError('TEMPLATE', "the server's answer is incomplete")
    return readTemplate(body)
  } catch (error) {
    return leave(connection, error, 1)
  }
}

/** Tells the server why the session ends, if it can be reached and has begun one by sending a template. */
async function leave(connection: Connection, error: unknown, templates: number): Promise<never> {
  const mute = error instanceof SessionError && cannotBeTold.has(error.code)
  if (!mute && templates > 0) {
    const reason = error instanceof SessionError ? printable(error.message, maxReason) : 'internal error'
    const template = encode(ResponseTemplate, [
      { kind: 'close', value: { reason } },
      { kind: 'executed', value: 0 },
    ])
    await connection.post(template, AbortSignal.timeout(farewellMs)).catch(() => {})
  }
  throw error
}

const cannotBeTold = new Set(['HOST', 'CONNECT', 'UNTRUSTED', 'NETWORK', 'TIMEOUT'])

function statusError({ status, body }: HttpAnswer, taken: boolean): SessionError {
  const said = printable(Buffer.from(body.subarray(0, maxReason)).toString(), maxReason).trim()
  const what = status === 504 ? (taken ? 'the server gave up' : 'the server does not want this card') : meanings[status]
  const text = [`${what ?? 'the server answered'} (HTTP ${status})`, ...(said === '' ? [] : [said])].join(': ')
  return new SessionError('STATUS', text, { status })
}

const meanings: Record<number, string> = {
  401: 'the server wants a user and password in the URL',
  404: 'the server does not know the URL, or no longer the session',
  503: 'the server is not available',
}
