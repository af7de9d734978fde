/** `keytether card group membership`. */
import { readFile } from 'node:fs/promises'
import type { VerifiedChain } from '@keytether/card'
import type { Command } from 'commander'
import { writeContent } from '../../../bytes-io.ts'
import { type CardOptions, cardOptions, withCard } from '../../../card-access.ts'
import { CliError } from '../../../errors.ts'
import { decodedFile } from '../../../group-files.ts'
import { findKey } from '../../../keys.ts'
import { type LoginOptions, login, loginOptions } from '../../../login.ts'
import { trustedRoots } from '../../../trust.ts'

interface MembershipOptions extends CardOptions, LoginOptions {
  readonly out?: string
}

export function membership(group: Command): void {
  const command = group
    .command('membership')
    .description('Vouch for a card with the key of a group signer: what comes of it makes that one card a member')
    .argument('<signer>', 'Label, id or reference of the group signer')
    .argument('<identity>', 'What `card group identity` has written on the other card')
    .option('--out <file>', 'Write to a file instead of standard output')
  loginOptions(cardOptions(command)).action(run)
}

async function run(name: string, file: string, options: MembershipOptions): Promise<void> {
  const { KeyDomainMembership } = await import('@keytether/card')
  const { encode } = await import('@keytether/codec')
  const { deviceKey, path } = await readIdentity(file, options)
  await withCard(options, async (device, signal) => {
    const { reference } = await findKey(device, name)
    await login(device, options, signal)
    const issued = await device.groups.issueMembership(reference, deviceKey)
    await writeContent(options.out, encode(KeyDomainMembership, issued))
    console.error(`${path} is a member of the group of ${name}`)
  })
}

/** Only for genuine devices: the key of any other may be in a program that shows everything. */
async function readIdentity(file: string, options: CardOptions): Promise<VerifiedChain> {
  const { DeviceCertificates, verifyChain } = await import('@keytether/card')
  const { emulatorRoot } = await import('@keytether/emulator')
  const chain = decodedFile(
    DeviceCertificates,
    await readFile(file),
    file,
    '`keytether card group identity` writes one',
  )
  const roots = [...(await trustedRoots(options)), ...(options.emulator === undefined ? [] : [emulatorRoot])]
  const verified = verifyChain(chain, roots)
  if (verified.ok) return verified
  throw new CliError('failed', `${file}: not the certificates of a genuine device (${verified.reason})`, [
    'if it is one of your own, name its root with --trust FILE',
  ])
}
