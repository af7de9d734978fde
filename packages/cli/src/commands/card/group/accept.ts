/** `keytether card group accept`. */
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { type CardOptions, cardOptions, withCard } from '../../../card-access.ts'
import { decodedFile } from '../../../group-files.ts'
import { type DomainOptions, domainDocument, domainOption, domainWords } from '../../../key-domains.ts'
import { type LoginOptions, login, loginOptions } from '../../../login.ts'
import { type OutputOptions, outputOptions, report } from '../../../output.ts'

type AcceptOptions = CardOptions & LoginOptions & OutputOptions & DomainOptions

export function accept(group: Command): void {
  const command = group
    .command('accept')
    .description('Agree with another member of the group on the key of the domain, in place of the one it has')
    .argument('<offer>', "The other member's, as `card group offer` has written it")
  outputOptions(loginOptions(cardOptions(domainOption(command)))).action(run)
}

async function run(file: string, options: AcceptOptions): Promise<void> {
  const { RegistrationFile } = await import('@keytether/card')
  const exchange = decodedFile(RegistrationFile, await readFile(file), file, '`keytether card group offer` writes one')
  await withCard(options, async (device, signal) => {
    await login(device, options, signal)
    const agreed = await device.groups.agree(options.domain, exchange)
    const words = await domainWords(agreed)
    report(options, await domainDocument(agreed), () => [
      `domain ${options.domain}: ${words}`,
      'compare it with that of the other card: it is the same once that has accepted the offer of this one',
    ])
  })
}
