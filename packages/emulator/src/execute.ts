/**
 * From the bytes of a command to those of its answer: secure messaging, which command it is, and what is wrong with it
 * whatever command it is.
 *
 * @see ISO/IEC 7816-4, 5.6 (status words) and 10 (secure messaging)
 * @module
 */
import { emitWarning } from 'node:process'
import {
  type AnyCommand,
  type CommandApdu,
  commands,
  decodeCommand,
  decodeResponse,
  encodeResponse,
  sw,
} from '@keytether/card'
import { DecodeError } from '@keytether/codec'
import type { Card } from './card.ts'
import type { Handler } from './handler.ts'
import { type CommandName, handlers } from './handlers.ts'
import { dropScratch, scratchData } from './scratch.ts'

export interface Executed {
  readonly response: Uint8Array
  /** The status word, protected or not, is one of success. */
  readonly succeeded: boolean
  /** Absent if it is no command of the card. */
  readonly command?: CommandName | undefined
  /** P1, which names the key in the commands that use one. */
  readonly p1?: number | undefined
}

/** Bits of the class byte that say how a command is protected. */
const secureClass = 0x0c
const classes: readonly number[] = [0x00, 0x80]

/** Carries out one command. The card may then be in another state, which is to be stored before it is answered. */
export async function execute(card: Card, bytes: Uint8Array): Promise<Executed> {
  const before = card.state
  try {
    return await carryOut(card, bytes)
  } catch (error) {
    // Ours, not the host's; the host learns no more than from a real card.
    emitWarning(error as Error)
    card.state = before
    card.session.messaging = undefined
    return status(sw.internal)
  }
}

async function carryOut(card: Card, bytes: Uint8Array): Promise<Executed> {
  const apdu = parsed(bytes)
  const { session } = card
  if (!session.selected) return select(card, apdu)
  const { messaging } = session
  // Secure messaging ends with anything that is not part of it.
  session.messaging = undefined
  if (apdu === undefined) return status(sw.wrongLength)
  if (!classes.includes(apdu.cla & ~secureClass)) return status(sw.unknownClass)
  if ((apdu.cla & secureClass) === 0) return run(card, apdu)
  if (messaging === undefined) return status(sw.secureMessagingNotSupported)
  const command = messaging.unprotectCommand(bytes)
  if (typeof command === 'number') return status(command)
  session.messaging = messaging
  const executed = await runProtected(card, decodeCommand(command))
  return { ...executed, response: messaging.protectResponse(executed.response) }
}

function parsed(bytes: Uint8Array): CommandApdu | undefined {
  try {
    return decodeCommand(bytes)
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

/**
 * Before the application is selected, nobody is there but who selects applications. That the class is unknown to him is what
 * tells CardContact's scripts to select; others take any refusal for that.
 */
function select(card: Card, apdu: CommandApdu | undefined): Executed | Promise<Executed> {
  if (apdu === undefined) return status(sw.wrongLength)
  if (commands.SelectApplication.matches(apdu)) return run(card, apdu)
  const isSelect = apdu.cla === commands.SelectFile.cla && apdu.ins === commands.SelectFile.ins
  if (isSelect) return status(sw.notFound)
  return status(apdu.cla === 0x00 ? sw.unknownClass : sw.unknownInstruction)
}

/** The application cannot be selected out of itself: that is for commands in plain, and ends the channel. */
function runProtected(card: Card, apdu: CommandApdu): Executed | Promise<Executed> {
  return commands.SelectApplication.matches(apdu) ? status(sw.notFound) : run(card, apdu)
}

type Entry = readonly [name: CommandName, command: AnyCommand]

/** No instruction is in both classes, and some programs send the wrong one: the instruction alone tells the command. */
const byInstruction = Map.groupBy(Object.entries(commands) as unknown as Entry[], ([, { ins }]) => ins)

/** Commands whose data are data objects or PINs; of other data, only the length can be wrong. */
const withContent: ReadonlySet<CommandName> = new Set([
  'Verify',
  'ChangeReferenceData',
  'ResetRetryCounter',
  'InitializeDevice',
  'ReadBinary',
  'UpdateBinary',
  'GenerateKeyPair',
  'GenerateSecretKey',
  'DeriveKey',
  'SetSecureMessaging',
  'AuthenticateChip',
  'CreateGroupDomain',
  'AgreeDomainKey',
  'SetVerificationKey',
  'VerifyCertificate',
  'RegisterAuthenticationKey',
  'ReplaceAuthenticationKey',
  'SetAuthenticationKey',
])

const successes: readonly number[] = [sw.ok, sw.endOfFile, sw.keyAuthenticated]

async function run(card: Card, sent: CommandApdu): Promise<Executed> {
  const waiting = scratchData(card, sent)
  const apdu = waiting ? { ...sent, data: waiting } : sent
  const candidates = byInstruction.get(apdu.ins)
  if (candidates === undefined) return status(sw.unknownInstruction)
  const found = candidates.find(([, command]) => command.matches({ ...apdu, cla: command.cla }))
  if (found === undefined) return status(sw.wrongP1P2)
  const [name, command] = found
  const before = card.state
  const response = await answer(card, name, command, apdu)
  const word = decodeResponse(response).sw
  if (waiting && word !== sw.securityNotSatisfied) dropScratch(card)
  const used = { command: name, p1: apdu.p1, succeeded: successes.includes(word) }
  if (apdu.le === undefined) return { ...used, response: response.subarray(-2) }
  if (response.length - 2 <= apdu.le) return { ...used, response }
  // An answer that does not fit is none, and what it would have told has not happened.
  card.state = before
  return status(sw.wrongLength)
}

async function answer(card: Card, name: CommandName, command: AnyCommand, apdu: CommandApdu): Promise<Uint8Array> {
  let data: unknown
  try {
    data = command.decodeData(apdu)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return status(withContent.has(name) ? sw.wrongData : sw.wrongLength).response
  }
  const handle = handlers[name] as Handler<AnyCommand>
  const outcome = await handle(card, { params: command.decodeParams(apdu), data, le: apdu.le })
  return typeof outcome === 'number' ? status(outcome).response : command.encodeResponse(outcome)
}

function status(word: number): Executed {
  return { response: encodeResponse({ data: new Uint8Array(), sw: word }), succeeded: false }
}
