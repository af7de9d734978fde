/** `keytether card custodian status` and `list`. */
import type { Command } from 'commander'
import { type CardOptions, cardOptions, withCard } from '../../../card-access.ts'
import { isOpenAtService, leaveOpenDevice } from '../../../custodian/open-device.ts'
import { countWords } from '../../../custodian/words.ts'
import { type OutputOptions, outputOptions, report, table } from '../../../output.ts'

export function status(custodian: Command): void {
  const command = custodian
    .command('status')
    .description('How many keys open the device, and how many have been authenticated')
  outputOptions(cardOptions(command)).action(show)
}

export function list(custodian: Command): void {
  const command = custodian.command('list').description('The registered keys')
  outputOptions(cardOptions(command)).action(showKeys)
}

async function show(options: CardOptions & OutputOptions): Promise<void> {
  if (await isOpenAtService(options)) {
    report(options, { open: true }, () => ['the device is open; to ask it for more would close it'])
    return
  }
  await withCard({ ...options, keepLogIn: true }, async card => {
    const counts = await card.authentication.status()
    report(options, { open: false, ...counts }, () => [
      counts ? countWords(counts) : 'the device has no public key authentication',
    ])
  })
}

async function showKeys(options: CardOptions & OutputOptions): Promise<void> {
  await leaveOpenDevice(options)
  await withCard({ ...options, keepLogIn: true }, async card => {
    const keys = await card.authentication.keys()
    report(options, keys, () =>
      keys.length === 0
        ? ['no key is registered']
        : table(
            ['NO', 'KEY', 'AUTHENTICATED'],
            keys.map(({ index, holderReference, authenticated }) => [
              String(index),
              holderReference,
              authenticated ? 'yes' : 'no',
            ]),
          ),
    )
  })
}
