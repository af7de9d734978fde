/** `keytether card custodian answer`. */
import type { Command } from 'commander'
import { readContent } from '../../../bytes-io.ts'
import { type CardOptions, cardOptions, withCard } from '../../../card-access.ts'
import { readAnswer } from '../../../custodian/challenge-document.ts'
import { leaveOpenDevice } from '../../../custodian/open-device.ts'
import { authenticated, countWords } from '../../../custodian/words.ts'
import { CliError } from '../../../errors.ts'

export function answer(custodian: Command): void {
  const command = custodian
    .command('answer')
    .description("Present a custodian's signature to the device")
    .argument('[file]', 'What `card custodian sign` has written; default standard input')
  cardOptions(command).action(run)
}

async function run(file: string | undefined, options: CardOptions): Promise<void> {
  const { device, key, signature } = readAnswer(await readContent(file))
  await leaveOpenDevice(options)
  await withCard({ ...options, keepLogIn: true }, async card => {
    const own = card.identity.holderReference
    if (device !== own) throw new CliError('failed', `the answer is for ${device}, and this is ${own}`)
    authenticated(await card.authentication.authenticate(key, signature), key)
    const counts = await card.authentication.status()
    console.log(`authenticated ${key}`)
    if (counts) console.log(countWords(counts))
  })
}
