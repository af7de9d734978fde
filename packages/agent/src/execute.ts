/** Carrying out a command template on the card. */
import {
  type Channel,
  ChannelError,
  type CommandElement,
  decodeCommand,
  type Notification,
  type ResponseElement,
} from '@keytether/card'
import { DecodeError } from '@keytether/codec'
import { SessionError } from './errors.ts'
import { type CommandGroup, localAnswer } from './policy.ts'
import { printable } from './printable.ts'

export type Transport = 'websocket' | 'http'

/** What happens in a session, as it happens. */
export interface SessionHooks {
  /** The server took us in. */
  connected?(transport: Transport): void
  /** A message from the server: 0 tells of completion, a negative number of an error. Free of control characters. */
  notice?(number: number, text: string): void
  /** A command and its response; none if the card failed. Either may hold secrets. */
  exchanged?(command: Uint8Array, response: Uint8Array | undefined): void
  reset?(atr: Uint8Array): void
  cardFailed?(reason: string): void
}

export interface ExecuteOptions {
  readonly channel: Channel
  /** Which commands are let through; default all. */
  readonly allow?: readonly CommandGroup[]
  readonly hooks?: SessionHooks
}

const maxValue = 0xffff
/** Tag and length of an element. */
const framing = 4
/** For a reason to give up and the count of commands. */
const reserve = 300
const maxReason = 200
/** The longest R-APDU to reckon with when commands are gathered. */
const usualResponse = 4096

/** Collects the answers to one template. */
export class Execution {
  readonly #options: ExecuteOptions
  readonly #answers: ResponseElement[] = []
  #room = maxValue - reserve
  /** Why the rest of the template was not carried out. */
  failure: SessionError | undefined

  constructor(options: ExecuteOptions) {
    this.#options = options
  }

  async run(elements: readonly CommandElement[]): Promise<void> {
    for (const step of steps(elements)) {
      if (!('kind' in step)) await this.#commands(step)
      else if (step.kind === 'reset') await this.#reset()
      else this.#notify(step.value)
      if (this.failure) return
    }
  }

  /** The answers and, if there is a failure, the reason for it. */
  response(): ResponseElement[] {
    const executed = this.#answers.filter(({ kind }) => kind === 'response').length
    const reason = this.failure && printable(this.failure.message, maxReason)
    return [
      ...this.#answers,
      ...(reason === undefined ? [] : [{ kind: 'close', value: { reason } } as const]),
      { kind: 'executed', value: executed },
    ]
  }

  async #commands(commands: readonly Uint8Array[]): Promise<void> {
    const left = [...commands]
    while (left.length > 0 && !this.failure) {
      const run = left.splice(0, this.#fitting(left))
      const local = run.map(command => localAnswer(command, this.#options.allow))
      const remote = run.filter((_, index) => local[index] === undefined)
      const { responses, error } = await this.#transmit(remote)
      const rest = [...responses]
      for (const [index, command] of run.entries()) {
        const response = local[index] ?? rest.shift()
        this.#options.hooks?.exchanged?.(command, response)
        if (response === undefined) this.#fail(error!)
        else if (framing + response.length > this.#room) this.#fail('Insufficient buffer.')
        else this.#add({ kind: 'response', value: response }, response.length)
        if (this.failure) return
      }
    }
  }

  /** How many of the commands can be sent at once, and their answers be carried. At least one. */
  #fitting(commands: readonly Uint8Array[]): number {
    let room = this.#room
    const index = commands.findIndex((command, at) => {
      room -= framing + expectedResponse(command)
      return room < 0 && at > 0
    })
    return index < 0 ? commands.length : index
  }

  async #transmit(commands: readonly Uint8Array[]): Promise<{ responses: readonly Uint8Array[]; error?: string }> {
    if (commands.length === 0) return { responses: [] }
    try {
      return { responses: await this.#options.channel.transmit(commands) }
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error
      return { responses: error.responses, error: reasonOf(error) }
    }
  }

  async #reset(): Promise<void> {
    try {
      const atr = await this.#options.channel.reset()
      this.#add({ kind: 'reset', value: atr }, atr.length)
      this.#options.hooks?.reset?.(atr)
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error
      this.#fail(reasonOf(error), { silent: true })
    }
  }

  #notify({ id, text = '' }: Notification): void {
    this.#options.hooks?.notice?.(id, printable(text))
    if (id < 0) this.failure = new SessionError('NOTICE', `the server says: ${printable(text)}`, { number: id })
  }

  #add(answer: ResponseElement, length: number): void {
    this.#answers.push(answer)
    this.#room -= framing + length
  }

  #fail(reason: string, { silent = false } = {}): void {
    this.failure = new SessionError('CARD', reason)
    if (!silent) this.#options.hooks?.cardFailed?.(reason)
  }
}

type Step = readonly Uint8Array[] | Exclude<CommandElement, { kind: 'command' }>

/** Commands that follow each other are one step. */
function steps(elements: readonly CommandElement[]): Step[] {
  const all: (Uint8Array[] | Exclude<CommandElement, { kind: 'command' }>)[] = []
  for (const element of elements) {
    const last = all.at(-1)
    if (element.kind !== 'command') all.push(element)
    else if (Array.isArray(last)) last.push(element.value)
    else all.push([element.value])
  }
  return all
}

function expectedResponse(command: Uint8Array): number {
  try {
    return Math.min((decodeCommand(command).le ?? 0) + 2, usualResponse)
  } catch (error) {
    if (error instanceof DecodeError) return usualResponse
    throw error
  }
}

/** PC/SC's own words where there are some, as other clients report them. */
function reasonOf({ cause, message }: ChannelError): string {
  return cause instanceof Error && 'text' in cause ? String(cause.text) : message
}
