/** `keytether card custodian authenticate`. */
import type { Command } from 'commander'
import { type CardOptions, cardOptions, withCard } from '../../../card-access.ts'
import { leaveOpenDevice } from '../../../custodian/open-device.ts'
import { type CustodianOptions, custodianOptions } from '../../../custodian/options.ts'
import { countWords, notOpened } from '../../../custodian/words.ts'
import { CliError } from '../../../errors.ts'
import { examples } from '../../../examples.ts'

export function authenticate(custodian: Command): void {
  const command = custodian
    .command('authenticate')
    .description(
      'Authenticate custodians who are at hand. A device that is connected to a service stays authenticated; one in a ' +
        'reader or file loses power with each command, so --custodian is an option of the commands that use keys',
    )
  custodianOptions(cardOptions(command)).action(run)
  examples(command, [
    ['keytether card custodian authenticate --custodian reader:Alice --service https://hsm.example.com', 'her token'],
    [
      'keytether card custodian authenticate --custodian DEBOB00001=bob.pem --service https://hsm.example.com',
      'his file',
    ],
  ])
}

async function run(options: CardOptions & CustodianOptions): Promise<void> {
  if (!options.custodian) throw new CliError('usage', 'who is to be authenticated?', ['add --custodian'])
  const { authenticateCustodians } = await import('../../../custodian/holders.ts')
  await leaveOpenDevice(options)
  await withCard({ ...options, keepLogIn: true }, async (card, signal) => {
    if ((await card.authentication.status()) === undefined) throw await notOpened(card)
    await authenticateCustodians(card, options, signal)
    const counts = await card.authentication.status()
    if (counts) console.log(countWords(counts))
  })
}
