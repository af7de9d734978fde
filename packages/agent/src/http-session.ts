/** One session of RAMOverHTTP: POST after POST, each with the answers to what came back from the one before. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Initiation, ResponseTemplate } from '@keytether/card'
import { encode } from '@keytether/codec'
import type { Connection } from './connection.ts'
import { SessionError } from './errors.ts'
import { type ExecuteOptions, Execution } from './execute.ts'
import type { HttpAnswer } from './http.ts'
import { printable } from './printable.ts'
import { statusError } from './status-error.ts'
import { readTemplate } from './template.ts'

export interface HttpSessionOptions extends ExecuteOptions {
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
 * Resolves when the server ends the session in order.
 *
 * @throws SessionError
 */
export async function runHttpSession(connection: Connection, options: HttpSessionOptions): Promise<void> {
  const { channel, hooks, signal } = options
  let body: Uint8Array = encode(Initiation, { atr: channel.atr })
  let failure: SessionError | undefined
  let templates = 0
  let instant = 0
  for (;;) {
    const asked = performance.now()
    const sent = templates === 0 ? connection.begin(body, signal) : connection.post(body, signal)
    const answer = await sent.catch(error => leave(connection, error, templates))
    if (answer.status === 204 && failure) throw failure
    if (answer.status === 204) return
    if (answer.status !== 200)
      throw statusError(answer.status, Buffer.from(answer.body.subarray(0, maxReason)).toString(), templates > 0)
    if (templates++ === 0) hooks?.connected?.('http')
    const elements = await read(connection, answer)
    const idle = elements.every(({ kind }) => kind === 'notify')
    instant = idle && performance.now() - asked < instantMs ? instant + 1 : 0
    if (instant >= eager) await sleep(pauseMs, undefined, signal && { signal }).catch(() => {})
    const execution = new Execution(options)
    await execution.run(elements).catch(error => leave(connection, error, templates))
    failure = execution.failure
    // The server does not wait for an answer to a message that ends the session.
    if (failure?.code === 'NOTICE') throw failure
    body = encode(ResponseTemplate, execution.response())
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
