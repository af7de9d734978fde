/** `keytether card attest`, and what `keytether card generate` shares with it. */
import type { AttestedKeys, KeyInfo, NotAttested, SmartCardHsm } from '@keytether/driver'
import type { Command } from 'commander'
import { writeContent } from '../../bytes-io.ts'
import { type CardOptions, cardOptions, withCard } from '../../card-access.ts'
import { CliError } from '../../errors.ts'
import { examples } from '../../examples.ts'
import { findKey, keyType } from '../../keys.ts'
import { printable } from '../../output.ts'

export function attest(card: Command): void {
  const command = card
    .command('attest')
    .description('Write what shows to others that keys were made in this device: see verify-attestation')
    .argument('[keys...]', 'Label, id or reference of each key; default all key pairs')
    .option('--out <file>', 'Write to a file instead of standard output')
  cardOptions(command).action(run)
  examples(command, [['keytether card attest web --out web.json', 'the request that the device signed, and its chain']])
}

async function run(names: readonly string[], options: CardOptions & { readonly out?: string }): Promise<void> {
  await withCard(options, async card => {
    const chosen: KeyInfo[] = []
    for (const name of names) chosen.push(await findKey(card, name))
    const attested = await card.attest(names.length > 0 ? chosen.map(({ reference }) => reference) : undefined)
    const missing = attested.notAttested.map(inWords)
    if (attested.attestation.keys.length === 0 || (names.length > 0 && missing.length > 0)) {
      throw new CliError('failed', names.length > 0 ? 'nothing was written' : 'there is no key to attest', missing)
    }
    await write(options.out, attested)
    for (const line of missing) console.error(`left out: ${line}`)
  })
}

/** Attests one key into a file. */
export async function attestKey(card: SmartCardHsm, { reference }: KeyInfo, out: string): Promise<void> {
  const attested = await card.attest([reference])
  const [missing] = attested.notAttested
  if (missing) throw new CliError('failed', `key ${reference} is made, but not attested`, [inWords(missing)])
  await write(out, attested)
}

async function write(out: string | undefined, { attestation }: AttestedKeys): Promise<void> {
  const { Attestation } = await import('@keytether/card')
  const { encode } = await import('@keytether/codec')
  await writeContent(out, Buffer.from(encode(Attestation, attestation)).toString())
  if (out === undefined) return
  for (const { told } of attestation.keys) console.error(`attested: key ${told.reference}, ${printable(told.label)}`)
}

function inWords({ key, reason }: AttestedKeys['notAttested'][number]): string {
  return `key ${key.reference}, ${printable(key.label)} (${keyType(key)}): ${reasons[reason]}`
}

const reasons: Record<NotAttested, string> = {
  secretKey: 'devices sign for key pairs only, not for secret keys',
  noRequest:
    'the request that the device signed is not there: the key was imported, or other software wrote a certificate over it. ' +
    'Where an attestation is needed, make a new key with `card generate --attestation FILE`',
  malformed: 'what is stored as its request is none',
  notSelfSigned: 'its request is not signed with the key: do not use the key',
  notSignedByDevice: 'its request is in the name of this device, which has not signed it: do not use the key',
  deviceUnknown: 'the certificates of the device are not verified',
  otherDevice: 'it was made in another device and copied to this one: attest it there',
}
