/** What goes into one template, and how the answers that come back belong to it. */
import { ChannelError, type CommandElement, decodeCommand, type ResponseElement } from '@keytether/card'
import { DecodeError } from '@keytether/codec'

/** Some clients count the commands in a single byte, signed. */
const maxCommands = 127
/** The longest value that two length bytes can announce. */
const maxValue = 0xffff
/** Tag and length of an element, and the count of commands at the end of an answer. */
const framing = 4
const trailer = 8
/** The longest R-APDU that the clients' buffers take, status word included. */
const maxResponse = 4096
const maxAtr = 36
const maxMessage = 4095
/** A message without its text. */
const messageFraming = 16

/** How much of a template and of its answer is taken up: commands counted, values in bytes. */
interface Load {
  readonly commands: number
  readonly sent: number
  readonly answered: number
}

/** Elements that go out in one template. */
export interface Portion {
  readonly elements: readonly CommandElement[]
  readonly load: Load
}

const none: Load = { commands: 0, sent: 0, answered: trailer }

export const resetPortion: Portion = portionOf({ kind: 'reset', value: new Uint8Array() })

/** @throws RangeError for a message that clients do not take */
export function messagePortion(id: number, text: string): Portion {
  if (!Number.isInteger(id) || id < -1) throw new RangeError(`a message has a number from -1 up, got ${id}`)
  const length = Buffer.byteLength(text)
  if (length > maxMessage) throw new RangeError(`a message has at most ${maxMessage} bytes, got ${length}`)
  return portionOf({ kind: 'notify', value: { id, text } })
}

function portionOf(element: CommandElement): Portion {
  return { elements: [element], load: loadOf(element) }
}

/**
 * Spreads the commands over as few templates as they and their answers fit into.
 *
 * @throws RangeError for what is no command, or can never be carried
 */
export function portionsOf(commands: readonly Uint8Array[]): Portion[] {
  const portions: Portion[] = []
  let elements: CommandElement[] = []
  let load = none
  for (const command of commands) {
    if (command.length < 4 || framing + command.length > maxValue) {
      throw new RangeError(`a command has 4 to ${maxValue - framing} bytes, got ${command.length}`)
    }
    const element: CommandElement = { kind: 'command', value: command }
    const more = loadOf(element)
    if (!fits(plus(load, more))) {
      portions.push({ elements, load })
      elements = []
      load = none
    }
    elements.push(element)
    load = plus(load, more)
  }
  if (elements.length > 0) portions.push({ elements, load })
  return portions
}

/** How many of the portions, from the first one on, one template takes; that one it always takes. */
export function fitting(portions: readonly Portion[]): number {
  let load = none
  const first = portions.findIndex((portion, index) => {
    load = plus(load, portion.load)
    return index > 0 && !fits(load)
  })
  return first < 0 ? portions.length : first
}

function fits({ commands, sent, answered }: Load): boolean {
  return commands <= maxCommands && sent <= maxValue && answered <= maxValue
}

function plus(a: Load, b: Load): Load {
  return { commands: a.commands + b.commands, sent: a.sent + b.sent, answered: a.answered + b.answered - trailer }
}

function loadOf({ kind, value }: CommandElement): Load {
  switch (kind) {
    case 'command':
      return load(1, value.length, framing + longestResponse(value))
    case 'reset':
      return load(0, value.length, framing + maxAtr)
    case 'notify':
      return load(0, messageFraming + Buffer.byteLength(value.text ?? ''), 0)
  }
}

function load(commands: number, length: number, answer: number): Load {
  return { commands, sent: framing + length, answered: trailer + answer }
}

function longestResponse(command: Uint8Array): number {
  try {
    return Math.min((decodeCommand(command).le ?? 0) + 2, maxResponse)
  } catch (error) {
    // Odd length fields are the card's business; it may answer anything.
    if (error instanceof DecodeError) return maxResponse
    throw error
  }
}

/**
 * The answers to the commands and resets of a template, in order.
 *
 * @throws ChannelError `REMOVED` if the client gave up or the card vanished, `PROTOCOL` if these are not the answers
 */
export function answersTo(template: readonly CommandElement[], received: readonly ResponseElement[]): Uint8Array[] {
  const reason = closeReason(received)
  if (reason !== undefined) throw new ChannelError('REMOVED', `the card side gave up: ${reason}`)
  const answers = received.filter(element => element.kind === 'response' || element.kind === 'reset')
  const counts = received.filter(element => element.kind === 'executed')
  const responses = answers.filter(({ kind }) => kind === 'response').length
  if (counts.length > 1 || (counts[0] && counts[0].value !== responses)) {
    const claimed = counts.map(({ value }) => value).join(' and ')
    throw new ChannelError('PROTOCOL', `the card side counts ${claimed} commands, but sent ${responses} responses`)
  }
  const asked = template.filter(({ kind }) => kind !== 'notify')
  const wanted = asked.map(({ kind }) => (kind === 'command' ? 'response' : 'reset'))
  if (wanted.length !== answers.length || wanted.some((kind, index) => kind !== answers[index]!.kind)) {
    const came = answers.map(({ kind }) => kind)
    throw new ChannelError(
      'PROTOCOL',
      `the answers do not fit what was asked: ${summary(wanted)}, got ${summary(came)}`,
    )
  }
  // Drivers report an empty answer when the card disappears while it works.
  if (answers.some(({ kind, value }) => kind === 'response' && value.length < 2)) {
    throw new ChannelError('REMOVED', 'the card vanished: a response has no status word')
  }
  return answers.map(({ value }) => value)
}

/** Why the client gives up, fit to be shown; undefined if it does not. */
export function closeReason(received: readonly ResponseElement[]): string | undefined {
  const close = received.find(element => element.kind === 'close')
  return close && printable(close.value.reason ?? 'no reason given')
}

const maxReason = 200

/** Text from the card side, fit to be shown. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, maxReason)
}

function summary(kinds: readonly string[]): string {
  const responses = kinds.filter(kind => kind === 'response').length
  return `${responses} responses and ${kinds.length - responses} resets`
}
