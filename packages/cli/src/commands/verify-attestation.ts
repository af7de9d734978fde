/** `keytether verify-attestation`: what an attestation proves, offline. */
import type { Attestation, AttestationVerdict } from '@keytether/card'
import type { Command } from 'commander'
import { algorithmNames } from '../algorithms.ts'
import {
  caveat,
  deviceDocument,
  deviceLines,
  type KeyDocument,
  keyDocument,
  keyLines,
  nameOf,
} from '../attestation/words.ts'
import { readContent } from '../bytes-io.ts'
import { CliError } from '../errors.ts'
import { examples } from '../examples.ts'
import { type OutputOptions, outputOptions, printable, report } from '../output.ts'
import {
  type NamedPublicKey,
  type PublicKeyFileOptions,
  publicKeyFileOptions,
  readPublicKeyFile,
} from '../public-key-file.ts'
import { type TrustOptions, trustedRoots, trustOptions } from '../trust.ts'

type VerifyOptions = TrustOptions & PublicKeyFileOptions & OutputOptions

export function verifyAttestation(program: Command): void {
  const command = program
    .command('verify-attestation')
    .description('Verify offline that keys were made in a genuine SmartCard-HSM, from a file of `card attest`')
    .argument('[file]', 'The attestation; default standard input')
  trustOptions(command)
  publicKeyFileOptions(command, 'One of the attested keys must be that')
  outputOptions(command).action(run)
  examples(command, [
    ['keytether verify-attestation web.json --csr web.csr', "is the request's key in a genuine device?"],
    ['keytether verify-attestation web.json --trust root.cvc', 'also under a root of your own'],
  ])
}

async function run(file: string | undefined, options: VerifyOptions): Promise<void> {
  const { verifyAttestation } = await import('@keytether/card')
  const wanted = await readPublicKeyFile(options)
  const attestation = await read(file)
  const verdict = verifyAttestation(attestation, await trustedRoots(options))
  const keys = await Promise.all(attestation.keys.map((key, index) => keyDocument(key.told, verdict.keys[index]!)))
  const match = wanted && (await indexOfKey(verdict, wanted))
  const genuine = verdict.chain.ok && keys.length > 0 && keys.every(key => key.genuine) && match !== -1
  const document = {
    genuine,
    device: deviceDocument(verdict.chain),
    keys,
    ...(wanted && { match: match === -1 ? null : attestation.keys[match!]!.told.reference }),
  }
  const names = await algorithmNames()
  const matched = match !== undefined && match >= 0 ? [`The key in ${wanted?.file}: ${nameOf(keys[match]!)}`] : []
  report(options, document, () => [
    ...deviceLines(verdict.chain),
    ...keys.flatMap(key => keyLines(key, names)),
    '',
    ...matched,
    caveat,
  ])
  if (!genuine) throw refusal(verdict, keys, match === -1 ? wanted : undefined)
}

async function read(file: string | undefined): Promise<Attestation> {
  const { Attestation } = await import('@keytether/card')
  const { DecodeError, decode } = await import('@keytether/codec')
  const content = await readContent(file)
  try {
    return decode(Attestation, content)
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause
    // The place in a text is named by its members, not by bytes.
    const reason = printable(cause.message.replaceAll(/ \(at byte \d+\)/g, ''))
    throw new CliError('failed', `${file ?? 'standard input'} is no attestation: ${reason}`, [], { cause })
  }
}

/** -1 if the attestation is not for that key. */
async function indexOfKey(verdict: AttestationVerdict, { key: wanted }: NamedPublicKey): Promise<number> {
  const { publicKeyObject } = await import('@keytether/card')
  return verdict.keys.findIndex(({ publicKey }) => {
    const key = publicKeyObject(publicKey)
    return key.asymmetricKeyType === wanted.asymmetricKeyType && key.equals(wanted)
  })
}

function refusal(
  { chain }: AttestationVerdict,
  keys: readonly KeyDocument[],
  unmatched: NamedPublicKey | undefined,
): CliError {
  const hints = [
    ...(!chain.ok && chain.reason === 'untrustedRoot'
      ? ['if the root is one of your own, name it with --trust FILE']
      : []),
    ...(unmatched ? ['ask for an attestation of that very key'] : []),
  ]
  if (keys.length === 0) return new CliError('failed', 'the attestation is of no key at all', hints)
  const wrong = keys.filter(key => !key.genuine).length
  if (wrong > 0)
    return new CliError('failed', `${wrong} of ${keys.length} keys not proven to be in a genuine device`, hints)
  return new CliError('failed', `no key of the attestation is the one in ${unmatched?.file}`, hints)
}
