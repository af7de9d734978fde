/** What is said of an issuer, by options. */
import { readFile } from 'node:fs/promises'
import { issuerAlgorithms } from '@keytether/api/oidc'
import { type Command, Option } from 'commander'

export interface SettingsOptions {
  readonly url?: string
  readonly audience?: readonly string[]
  readonly algorithm?: readonly Algorithm[]
  readonly nameClaim?: string
  readonly issuerCa?: string
}

type Algorithm = (typeof issuerAlgorithms)[number]

export function settingsOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--algorithm <algorithm...>',
        'How its tokens may be signed; default RS256, PS256, ES256 and EdDSA',
      ).choices(issuerAlgorithms),
    )
    .option('--name-claim <claim>', 'The claim that tells one from another, for ever; default sub')
    .option('--issuer-ca <file>', 'Trust these authorities for its certificate, besides those of the system, PEM')
}

export async function settingsOf({ url, audience, algorithm, nameClaim, issuerCa }: SettingsOptions) {
  return {
    ...(url !== undefined && { url }),
    ...(audience && { audiences: [...audience] }),
    ...(algorithm && { algorithms: [...algorithm] }),
    ...(nameClaim !== undefined && { nameClaim }),
    ...(issuerCa !== undefined && { authorities: await readFile(issuerCa, 'utf8') }),
  }
}
