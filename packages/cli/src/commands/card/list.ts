/** `keytether card list`. */
import type { Command } from 'commander'
import { algorithmNames, algorithmWords } from '../../algorithms.ts'
import { type CardOptions, cardOptions, withCard } from '../../card-access.ts'
import { exportWords, keyDocument, keyId, keyType, leftReferences } from '../../keys.ts'
import { type OutputOptions, outputOptions, printable, report, table } from '../../output.ts'

export function list(card: Command): void {
  const command = card.command('list').description('Keys, certificates and data objects on the card')
  outputOptions(cardOptions(command)).action(show)
}

async function show(options: CardOptions & OutputOptions): Promise<void> {
  const { toHex } = await import('@keytether/codec')
  await withCard({ ...options, keepLogIn: true }, async device => {
    const { keys, certificates, data, keyDomains } = await device.inventory()
    const names = await algorithmNames()
    const exports = await Promise.all(keys.map(key => exportWords(key, keyDomains)))
    const left = await leftReferences(device)
    const document = {
      keys: await Promise.all(keys.map(key => keyDocument(key, keyDomains))),
      certificates: certificates.map(({ number, label, id }) => ({ number, label, id: toHex(id).toUpperCase() })),
      data: data.map(({ number, label, private: isPrivate }) => ({ number, label, private: isPrivate })),
      leftovers: left.length > 0 ? left : undefined,
    }
    report(options, document, () => [
      ...(keys.length === 0
        ? ['no keys']
        : table(
            ['KEY', 'TYPE', 'LABEL', 'ID', 'CERTIFICATE', 'USES LEFT', 'EXPORT', 'ALGORITHMS'],
            keys.map((key, i) => [
              String(key.reference),
              keyType(key),
              printable(key.label),
              keyId(key),
              key.certificateKind === 'x509' ? 'X.509' : (key.certificateKind ?? ''),
              String(key.useCounter ?? ''),
              exports[i]!,
              algorithmWords(names, key),
            ]),
          )),
      ...certificates.map(({ number, label }) => `certificate ${number}: ${printable(label)}`),
      ...data.map(
        ({ number, label, private: isPrivate }) =>
          `data object ${number}: ${printable(label)}${isPrivate ? ', private' : ''}`,
      ),
      ...left.map(
        reference =>
          `reference ${reference}: files, but no key: \`keytether card delete ${reference}\` removes what is left`,
      ),
      ...keys.flatMap(key => key.warnings.map(warning => `key ${key.reference}: ${printable(warning)}`)),
    ])
  })
}
