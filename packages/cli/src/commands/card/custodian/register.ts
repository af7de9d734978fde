/** `keytether card custodian register`. */
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
    .description('Register the key of a custodian with the device that it is to open')
    .argument('<file>', 'What `card custodian export` or sc-hsm-tool has written')
    .option('--replace <key>', 'In the place of this key, by its name or number; where the device allows it')
  loginOptions(cardOptions(command)).action(run)
}

async function run(file: string, options: RegisterOptions): Promise<void> {
  const { RegistrationFile } = await import('@keytether/card')
  const { DecodeError, decode } = await import('@keytether/codec')
  const content = await readContent(file)
  const read = () => {
    try {
      return decode(RegistrationFile, content, { lengths: 'any' })
    } catch (cause) {
      if (!(cause instanceof DecodeError)) throw cause
      const message = `${file} is not a key for registration: ${cause.message}`
      throw new CliError('failed', message, ['`keytether card custodian export` writes one'], { cause })
    }
  }
  const registration = read()
  await leaveOpenDevice(options)
  await withCard({ ...options, keepLogIn: true }, async (card, signal) => {
    const { authentication } = card
    const index = options.replace === undefined ? undefined : await slotOf(card, options.replace)
    if (index !== undefined) await login(card, options, signal)
    const status = await (index === undefined
      ? authentication.register(registration)
      : authentication.replace(index, registration))
    console.log(`registered ${registration.request.certificate.value.body.value.holderReference}`)
    console.log(countWords(status))
  })
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
