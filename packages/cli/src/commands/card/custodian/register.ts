/** `keytether card custodian register`. */
import type { KeyRegistration } from '@keytether/card'
import type { SmartCardHsm } from '@keytether/driver'
import type { Command } from 'commander'
import { readContent } from '../../../bytes-io.ts'
import { type CardOptions, cardOptions, withCard } from '../../../card-access.ts'
import { leaveOpenDevice } from '../../../custodian/open-device.ts'
import { countWords } from '../../../custodian/words.ts'
import { CliError } from '../../../errors.ts'
import { type LoginOptions, login, loginOptions } from '../../../login.ts'

interface RegisterOptions extends CardOptions, LoginOptions {
  readonly replace?: string
}

export function register(custodian: Command): void {
  const command = custodian
    .command('register')
    .description('Register the keys of custodians with the device that they are to open')
    .argument('<file...>', 'What `card custodian export` or sc-hsm-tool has written, one for each key')
    .option('--replace <key>', 'In the place of this key, by its name or number; where the device allows it')
  loginOptions(cardOptions(command)).action(run)
}

async function run(files: readonly string[], options: RegisterOptions): Promise<void> {
  if (options.replace !== undefined && files.length > 1) {
    throw new CliError('usage', `${files.length} keys cannot be in the place of one`, ['give one file with --replace'])
  }
  const registrations: KeyRegistration[] = []
  for (const file of files) registrations.push(await readRegistration(file))
  await leaveOpenDevice(options)
  await withCard({ ...options, keepLogIn: true }, async (card, signal) => {
    const { authentication } = card
    const index = options.replace === undefined ? undefined : await slotOf(card, options.replace)
    if (index !== undefined) await login(card, options, signal)
    for (const registration of registrations) {
      await (index === undefined ? authentication.register(registration) : authentication.replace(index, registration))
      console.log(`registered ${registration.request.certificate.value.body.value.holderReference}`)
    }
    const counts = await authentication.status()
    if (counts) console.log(countWords(counts))
  })
}

async function readRegistration(file: string): Promise<KeyRegistration> {
  const { RegistrationFile } = await import('@keytether/card')
  const { DecodeError, decode } = await import('@keytether/codec')
  try {
    return decode(RegistrationFile, await readContent(file), { lengths: 'any' })
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause
    const message = `${file} is not a key for registration: ${cause.message}`
    throw new CliError('failed', message, ['`keytether card custodian export` writes one'], { cause })
  }
}

async function slotOf(card: SmartCardHsm, name: string): Promise<number> {
  const keys = await card.authentication.keys()
  const found = keys.filter(({ index, holderReference }) => holderReference === name || String(index) === name)
  const [key, ...more] = found
  if (key === undefined) {
    throw new CliError('notFound', `no key ${name} is registered`, ['`keytether card custodian list` shows the keys'])
  }
  if (more.length === 0) return key.index
  const numbers = found.map(({ index }) => index)
  throw new CliError('usage', `${name} is the name of several keys`, [`use the number: ${numbers.join(', ')}`])
}
