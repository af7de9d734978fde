/** `keytether card group join`. */
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { type CardOptions, cardOptions, withCard } from '../../../card-access.ts'
import { decodedFile } from '../../../group-files.ts'
import { type DomainOptions, domainDocument, domainOption, domainWords } from '../../../key-domains.ts'
import { type LoginOptions, login, loginOptions } from '../../../login.ts'
import { type OutputOptions, outputOptions, report } from '../../../output.ts'

type JoinOptions = CardOptions & LoginOptions & OutputOptions & DomainOptions

export function join(group: Command): void {
  const command = group
    .command('join')
    .description('Make a key domain of a card that of a group')
    .argument('<membership>', 'What `card group membership` has written for this card')
  outputOptions(loginOptions(cardOptions(domainOption(command)))).action(run)
}

async function run(file: string, options: JoinOptions): Promise<void> {
  const { KeyDomainMembership } = await import('@keytether/card')
  const hint = '`keytether card group membership` writes one'
  const membership = decodedFile(KeyDomainMembership, await readFile(file), file, hint)
  await withCard(options, async (device, signal) => {
    await login(device, options, signal)
    const joined = await device.groups.join(options.domain, membership)
    const words = await domainWords(joined)
    report(options, await domainDocument(joined), () => [`domain ${options.domain}: ${words}`])
  })
}
