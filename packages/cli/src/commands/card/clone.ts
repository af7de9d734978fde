/** `keytether card clone`. */
import type { Command } from 'commander'
import { type AccessOptions, accessOptions, withCards } from '../../card-access.ts'
import { cardAddressText, parseCardAddress } from '../../card-address.ts'
import { custodianOptions } from '../../custodian/options.ts'
import { CliError } from '../../errors.ts'
import { examples } from '../../examples.ts'
import { type LoginOptions, lastTryOption, login } from '../../login.ts'
import { ofCard } from '../../of-card.ts'
import { type Pin, pinOptions, userPin } from '../../pin.ts'
import { carryOut } from '../../transfer/carry-out.ts'
import { type TransferOptions, transferOptions } from '../../transfer/options.ts'
import { readCard } from '../../transfer/read-card.ts'

interface CloneOptions extends AccessOptions, LoginOptions, TransferOptions {
  readonly toCustodian?: readonly string[]
  readonly toCustodianPinFile?: readonly string[]
}

export function clone(card: Command): void {
  const command = card
    .command('clone')
    .description(
      'Copy all keys, certificates and data from one card to another of the same key domain, and prove each key',
    )
    .argument('<from>', 'reader:NAME, emulator:FILE or service:DEVICE')
    .argument('<to>', 'The same for the other card')
  lastTryOption(pinOptions(transferOptions(accessOptions(command)), fromPin, toPin))
  custodianOptions(custodianOptions(command), 'to-').action(run)
  examples(command, [
    ['keytether card clone emulator:a.state emulator:b.state', 'asks for both PINs'],
    ['keytether card clone "reader:Reader 0" "reader:Reader 1" --dry-run', 'says what would be copied'],
  ])
}

const fromPin: Pin = { ...userPin, label: 'PIN of the card to copy' }
const toPin: Pin = { name: 'to-pin', label: 'PIN of the card to copy to', form: 'user' }

async function run(from: string, to: string, options: CloneOptions): Promise<void> {
  const addresses = [parseCardAddress(from), parseCardAddress(to)] as const
  if (cardAddressText(addresses[0]) === cardAddressText(addresses[1])) {
    throw new CliError('usage', `${from} is one card: which is the other one?`)
  }
  await withCards(addresses, options, async ([source, target], signal) => {
    if (source.identity.path === target.identity.path) {
      throw new CliError('usage', `both are the same device, ${source.identity.path}`)
    }
    await login(source, options, signal, fromPin).catch(ofCard(from))
    const { toCustodian: custodian, toCustodianPinFile: custodianPinFile, ...others } = options
    await login(target, { ...others, custodian, custodianPinFile }, signal, toPin).catch(ofCard(to, '--to-custodian'))
    const content = await readCard(source, await source.inventory(), signal)
    await carryOut(target, content, options, { from: source.identity.path, to: target.identity.path }, signal)
  })
}
