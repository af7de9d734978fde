/** `keytether verify-attestation`: what an attestation proves, offline. */
import type { Attestation, AttestationFailure, AttestationVerdict, ChainFailure, ToldByCard } from '@keytether/card'
import type { Command } from 'commander'
import { readContent } from '../bytes-io.ts'
import { CliError } from '../errors.ts'
import { examples } from '../examples.ts'
import { fields, type OutputOptions, outputOptions, printable, report } from '../output.ts'
import {
  type NamedPublicKey,
  type PublicKeyFileOptions,
  publicKeyFileOptions,
  readPublicKeyFile,
} from '../public-key-file.ts'
import { rootMeaning, type TrustOptions, trustedRoots, trustOptions } from '../trust.ts'

type VerifyOptions = TrustOptions & PublicKeyFileOptions & OutputOptions

export function verifyAttestation(program: Command): void {
  const command = program
    .command('verify-attestation')
    .description('Verify offline that keys were made in a genuine SmartCard-HSM, from a file of `card attest`')
    .argument('[file]', 'The attestation; default standard input')
  trustOptions(command)
  publicKeyFileOptions(command, 'The attestation must be for the key')
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
  const matched = match !== undefined && match >= 0 ? [`The key in ${wanted?.file}: ${nameOf(keys[match]!)}`] : []
  report(options, document, () => [...deviceLines(verdict.chain), ...keys.flatMap(keyLines), '', ...matched, caveat])
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
    throw new CliError('failed', `${file ?? 'standard input'} is no attestation: ${printable(cause.message)}`, [], {
      cause,
    })
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

function deviceDocument(chain: AttestationVerdict['chain']) {
  if (!chain.ok) return { verified: false, reason: chain.reason }
  const { kind, certificate } = chain.root
  return { verified: true, path: chain.path, root: { kind, reference: certificate.body.value.holderReference } }
}

async function keyDocument(told: ToldByCard, verdict: AttestationVerdict['keys'][number]) {
  const { curveOf, publicKeyObject } = await import('@keytether/card')
  const { toHex } = await import('@keytether/codec')
  const { publicKey } = verdict
  const key = publicKeyObject(publicKey)
  const curve = publicKey.kind === 'ec' && publicKey.domain && curveOf(publicKey.domain)
  return {
    genuine: verdict.ok,
    ...(!verdict.ok && { reason: verdict.reason }),
    signedByDevice: {
      device: verdict.device,
      type: curve ? `EC ${curve.name}` : `RSA ${key.asymmetricKeyDetails?.modulusLength}`,
      publicKey: key.export({ type: 'spki', format: 'pem' }) as string,
      ...(verdict.keyDomainUid && { keyDomainUid: toHex(verdict.keyDomainUid) }),
    },
    toldByCard: {
      reference: told.reference,
      label: told.label,
      id: toHex(told.id),
      algorithms: told.algorithms.map(id => toHex(Uint8Array.of(id))),
      useCounter: told.useCounter,
      keyDomain: told.keyDomain && {
        index: told.keyDomain.index,
        kind: told.keyDomain.kind,
        keyCheckValue: told.keyDomain.keyCheckValue && toHex(told.keyDomain.keyCheckValue),
      },
    },
    export: exportOf(told, verdict.keyDomainUid),
  }
}

type KeyDocument = Awaited<ReturnType<typeof keyDocument>>

const wrap = 0x92

/** Of a group, the device has signed which; all else is what the card told when the attestation was made. */
function exportOf({ algorithms, keyDomain }: ToldByCard, uid: Uint8Array | undefined) {
  if (algorithms.length > 0 && !algorithms.includes(wrap)) return 'notAllowed' as const
  if (uid) return 'group' as const
  if (keyDomain === undefined) return 'noDomain' as const
  return keyDomain.kind === 'XKEK' ? ('groupAsTold' as const) : ('domain' as const)
}

function deviceLines(chain: AttestationVerdict['chain']): string[] {
  if (!chain.ok) return fields([['Device', `not verified: ${chainFailures[chain.reason]}`]])
  const { kind, certificate } = chain.root
  return fields([
    ['Device', chain.path],
    ['Root', `${certificate.body.value.holderReference} (${rootMeaning[kind]})`],
  ])
}

function nameOf({ toldByCard: { reference, label } }: KeyDocument): string {
  return `key ${reference}, ${printable(label)}`
}

function keyLines(key: KeyDocument): string[] {
  const { signedByDevice: signed, toldByCard: told } = key
  const domain = told.keyDomain && `${told.keyDomain.index}, ${told.keyDomain.kind}`
  return [
    '',
    `${nameOf(key)}: ${key.reason ? `NOT genuine: ${failures[key.reason]}` : 'genuine'}`,
    ...fields([
      ['  Named as its device', signed.device],
      ['  Type', signed.type],
      ['  Group of devices', signed.keyDomainUid],
      ['  Told, not signed', `label, id ${told.id}, algorithms ${told.algorithms.join(' ') || 'all'}`],
      [
        '  Told, not signed',
        domain && `key domain ${domain}, key check value ${told.keyDomain?.keyCheckValue ?? 'none'}`,
      ],
      ['  Export', exportMeaning[key.export]],
    ]),
  ]
}

const caveat =
  'Genuine means: made in that device, not brought there. It does not mean that the key has not been exported since, within\n' +
  'its key domain, by who has the PIN.'

const exportMeaning = {
  notAllowed: 'not allowed for this key (WRAP, 92, is not among its algorithms). The card told so and did not sign it',
  group: 'with the PIN, to the devices of its group. Which group that is, the device has signed',
  groupAsTold: 'with the PIN, to the devices of its group. The card told so and did not sign it',
  domain:
    'under its key domain: with the PIN, to any device with the same shares. The card told so and did not sign it',
  noDomain: 'the card told of no key domain to export it under, and did not sign that',
} as const

const failures: Record<AttestationFailure, string> = {
  notSelfSigned: 'its request is not signed with the key itself',
  deviceUnknown:
    'its request is signed with the key itself, but there is no verified certificate of the device that is to have made it',
  otherDevice: 'the request names another device than the certificates do',
  notSignedByDevice: 'the device has not signed the request',
}

const chainFailures: Record<ChainFailure, string> = {
  incomplete: 'its own certificate and that of its issuer are not both there',
  wrongName: 'a name in its certificates is malformed',
  notLinked: 'its certificates do not name each other as issuer',
  wrongRole: 'a certificate is used for what it was not issued for',
  untrustedRoot: 'its certificates lead to a root that is not trusted here',
  wrongSignature: 'a signature in its certificates is wrong',
  wrongKey: 'its certified key is not a valid key',
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
