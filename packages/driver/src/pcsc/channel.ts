/** A card in a PC/SC reader as a channel. */
import { type Channel, ChannelError } from '@keytether/card'
import { establishContext } from './context.ts'
import { PcscError, status } from './errors.ts'
import { check, pcsc, pcscError } from './library.ts'

const shareShared = 2
const protocolT1 = 2
const leaveCard = 0
const unpowerCard = 2
const maxAtrLength = 33
/** Lc and Le at their largest, and some: MAX_BUFFER_SIZE_EXTENDED of pcsc-lite. */
const maxApduLength = 65548

/** What `transmit` and `reset` throw has a `PcscError` as its cause, unless the channel was closed. */
export interface PcscChannel extends Channel, AsyncDisposable {
  readonly reader: string
}

/**
 * Connects to the card in a reader, shared with other programs, by T=1.
 *
 * A batch of commands is not interleaved with those of other programs. When another program resets the card, which ends
 * log-in and secure messaging, the next call throws, until `reset`. Closing takes the power from the card, so that no
 * other program finds it logged in; it waits for the command that is running, since PC/SC cannot stop one.
 *
 * @param reader a name that `listReaders` gave
 * @throws PcscError
 */
export async function openPcsc(reader: string): Promise<PcscChannel> {
  const context = await establishContext()
  try {
    const card: [number] = [0]
    check('SCardConnect', await pcsc().connect(context, reader, shareShared, protocolT1, card, [0]))
    return new Connection(reader, context, card[0], await readAtr(card[0]))
  } catch (error) {
    await pcsc().releaseContext(context)
    throw error
  }
}

async function readAtr(card: number): Promise<Uint8Array> {
  const atr = new Uint8Array(maxAtrLength)
  const length: [number] = [atr.length]
  check('SCardStatus', await pcsc().status(card, null, null, [0], [0], atr, length))
  return atr.slice(0, length[0])
}

class Connection implements PcscChannel {
  readonly reader: string
  atr: Uint8Array
  readonly #pcsc = pcsc()
  readonly #context: number
  readonly #card: number
  /** `SCARD_IO_REQUEST`: the protocol and the size of this. */
  readonly #header = BigUint64Array.of(BigInt(protocolT1), 16n)
  readonly #response = new Uint8Array(maxApduLength)
  readonly #received = new BigUint64Array(1)
  /** Ends when the last call that was made ends: calls take their turns. */
  #turn: Promise<unknown> = Promise.resolve()
  #closed: string | undefined

  constructor(reader: string, context: number, card: number, atr: Uint8Array) {
    this.reader = reader
    this.#context = context
    this.#card = card
    this.atr = atr
  }

  transmit(commands: readonly Uint8Array[]): Promise<Uint8Array[]> {
    const wrong = commands.find(({ length }) => length < 4 || length > maxApduLength)
    // Drivers take a shorter one for something else: vpcd, for one, never answers it and pcscd then hangs.
    if (wrong) return Promise.reject(new RangeError(`a command has 4 to ${maxApduLength} bytes, got ${wrong.length}`))
    return this.#inTurn(() => (commands.length > 1 ? this.#transaction(commands) : this.#single(commands)))
  }

  reset(): Promise<Uint8Array> {
    return this.#inTurn(async () => {
      const returnCode = await this.#pcsc.reconnect(this.#card, shareShared, protocolT1, unpowerCard, [0])
      check('SCardReconnect', returnCode)
      this.atr = await readAtr(this.#card)
      return this.atr
    })
  }

  async close(reason = 'closed'): Promise<void> {
    const first = this.#closed === undefined
    this.#closed ??= reason
    if (!first) return void (await this.#turn)
    const release = async () => {
      await this.#pcsc.disconnect(this.#card, unpowerCard)
      await this.#pcsc.releaseContext(this.#context)
    }
    this.#turn = this.#turn.then(release)
    await this.#turn
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    if (this.#closed !== undefined) {
      return Promise.reject(new ChannelError('CLOSED', `the channel to ${this.reader} was closed: ${this.#closed}`))
    }
    const result = this.#turn.then(run).catch(error => {
      throw error instanceof PcscError ? this.#channelError(error) : error
    })
    this.#turn = result.catch(() => {})
    return result
  }

  /** A transaction costs two more round trips to pcscd, so one command goes without, unless another program has one. */
  async #single([command]: readonly Uint8Array[]): Promise<Uint8Array[]> {
    if (!command) return []
    const returnCode = await this.#send(command)
    if (returnCode === status.sharingViolation) return this.#transaction([command])
    return [await this.#answer(returnCode)]
  }

  async #transaction(commands: readonly Uint8Array[]): Promise<Uint8Array[]> {
    check('SCardBeginTransaction', await this.#pcsc.beginTransaction(this.#card))
    const responses: Uint8Array[] = []
    try {
      for (const command of commands) responses.push(await this.#answer(await this.#send(command)))
      return responses
    } catch (error) {
      throw error instanceof PcscError ? this.#channelError(error, responses) : error
    } finally {
      // The answers are in by now: if ending fails, the next call will say why.
      await this.#pcsc.endTransaction(this.#card, leaveCard)
    }
  }

  #send(command: Uint8Array): Promise<number> {
    this.#received[0] = BigInt(maxApduLength)
    const response = this.#response
    return this.#pcsc.transmit(this.#card, this.#header, command, command.length, null, response, this.#received)
  }

  async #answer(returnCode: number): Promise<Uint8Array> {
    if (returnCode === status.notTransacted) {
      // This is all that drivers tell of a card that was pulled out, and of one that does not answer.
      const atr = new Uint8Array(maxAtrLength)
      const now = await this.#pcsc.status(this.#card, null, null, [0], [0], atr, [atr.length])
      check('SCardTransmit', now === status.success ? returnCode : now)
    }
    check('SCardTransmit', returnCode)
    const length = Number(this.#received[0])
    // Drivers report an empty answer when the card disappears while it works.
    if (length < 2) throw pcscError('SCardTransmit', status.removed)
    return this.#response.slice(0, length)
  }

  #channelError(cause: PcscError, responses: readonly Uint8Array[] = []): ChannelError {
    const gone = cause.code === 'CARD_REMOVED' || cause.code === 'NO_CARD' || cause.code === 'UNKNOWN_READER'
    const code = gone ? 'REMOVED' : 'TRANSPORT'
    return new ChannelError(code, `the card in ${this.reader}: ${cause.message}`, { cause, responses })
  }
}
