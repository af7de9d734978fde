/** `keytether card custodian sign`: the custodian's side, with his own token or a key file. */
import type { SmartCardHsm } from '@keytether/driver'
import type { Command } from 'commander'
import { readContent, writeContent } from '../../../bytes-io.ts'
import { type CardOptions, cardOptions, withCard } from '../../../card-access.ts'
import { type ChallengeDocument, readChallenge, writeAnswer } from '../../../custodian/challenge-document.ts'
import { CliError } from '../../../errors.ts'
import { interruption } from '../../../interrupt.ts'
import { findKey } from '../../../keys.ts'
import { type LoginOptions, login, loginOptions } from '../../../login.ts'

interface SignOptions extends CardOptions, LoginOptions {
  readonly key?: string
  readonly keyFile?: string
  readonly out?: string
}

export function sign(custodian: Command): void {
  const command = custodian
    .command('sign')
    .description("Sign a device's challenge, which opens that device to whoever has the answer")
    .argument('[file]', 'The challenge; default standard input')
    .option('--key <key>', 'Label, id or reference of the key; default: the one of the name in the challenge')
    .option('--key-file <file>', 'Sign with the key in this file instead of a token')
    .option('--out <file>', 'Write to a file instead of standard output')
  loginOptions(cardOptions(command)).action(run)
}

async function run(file: string | undefined, options: SignOptions): Promise<void> {
  const { authenticationMessage } = await import('@keytether/card')
  const challenge = readChallenge(await readContent(file))
  const message = authenticationMessage(challenge.device, challenge.challenge)
  console.error(`for device ${challenge.device}, with the key ${challenge.key}`)
  const signature = await (options.keyFile === undefined
    ? signWithToken(challenge, message, options)
    : signWithFile(options.keyFile, message))
  await writeContent(options.out, writeAnswer({ device: challenge.device, key: challenge.key, signature }))
}

async function signWithFile(file: string, message: Uint8Array): Promise<Uint8Array> {
  using stop = interruption()
  const { keyFileSigner } = await import('../../../custodian/holders.ts')
  return (await keyFileSigner(file, stop.signal))(message)
}

function signWithToken(challenge: ChallengeDocument, message: Uint8Array, options: SignOptions): Promise<Uint8Array> {
  return withCard(options, async (token, signal) => {
    const { tokenHolder } = await import('../../../custodian/holders.ts')
    const key = options.key === undefined ? await keyOfName(token, challenge.key) : await findKey(token, options.key)
    await login(token, options, signal)
    return (await tokenHolder(token, { key, holderReference: challenge.key })).sign(message)
  })
}

async function keyOfName(token: SmartCardHsm, name: string) {
  const own = await token.authentication.ownKeys()
  const [found, ...more] = own.filter(({ holderReference }) => holderReference === name)
  if (found && more.length === 0) return found.key
  const who = token.identity.holderReference
  throw new CliError('notFound', found ? `${who} has several keys named ${name}` : `${who} has no key named ${name}`, [
    'choose one with --key',
    '`keytether card list` shows the keys',
  ])
}
