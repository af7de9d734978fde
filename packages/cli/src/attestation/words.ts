/** What was found of an attestation: as a document, and in words. */
import type { AttestationFailure, AttestationVerdict, ChainFailure, ToldByCard } from '@keytether/card'
import { nameOf as algorithmName } from '../algorithms.ts'
import { hex } from '../key-domains.ts'
import { fields, printable } from '../output.ts'
import { rootMeaning } from '../trust.ts'

export function deviceDocument(chain: AttestationVerdict['chain']) {
  if (!chain.ok) return { verified: false, reason: chain.reason }
  const { kind, certificate } = chain.root
  return { verified: true, path: chain.path, root: { kind, reference: certificate.body.value.holderReference } }
}

export async function keyDocument(told: ToldByCard, verdict: AttestationVerdict['keys'][number]) {
  const { algorithm, curveOf, publicKeyObject, toldDocument } = await import('@keytether/card')
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
      ...(verdict.keyDomainUid && { keyDomainUid: hex(verdict.keyDomainUid) }),
    },
    toldByCard: toldDocument(told),
    export: exportOf(told, verdict.keyDomainUid, algorithm.wrap),
  }
}

export type KeyDocument = Awaited<ReturnType<typeof keyDocument>>

/** Of a group, the device has signed which; all else is what the card told when the attestation was made. */
function exportOf({ algorithms, keyDomain }: ToldByCard, uid: Uint8Array | undefined, wrap: number) {
  if (algorithms.length > 0 && !algorithms.includes(wrap)) return 'notAllowed' as const
  if (uid) return 'group' as const
  if (keyDomain === undefined) return 'noDomain' as const
  return keyDomain.kind === 'XKEK' ? ('groupAsTold' as const) : ('domain' as const)
}

export function deviceLines(chain: AttestationVerdict['chain']): string[] {
  if (!chain.ok) return fields([['Device', `not verified: ${chainFailures[chain.reason]}`]])
  const { kind, certificate } = chain.root
  return fields([
    ['Device', chain.path],
    ['Root', `${certificate.body.value.holderReference} (${rootMeaning[kind]})`],
  ])
}

export function nameOf({ toldByCard: { reference, label } }: KeyDocument): string {
  return `key ${reference}, ${printable(label)}`
}

export function keyLines(key: KeyDocument, names: ReadonlyMap<number, string>): string[] {
  const { signedByDevice: signed, toldByCard: told } = key
  const domain = told.keyDomain && `${told.keyDomain.index}, ${told.keyDomain.kind}`
  const algorithms = told.algorithms.map(id => algorithmName(names, Number.parseInt(id, 16))).join(', ')
  return [
    '',
    `${nameOf(key)}: ${key.reason ? `NOT genuine: ${failures[key.reason]}` : 'genuine'}`,
    ...fields([
      ['  Named as its device', signed.device],
      ['  Type', signed.type],
      ['  Group of devices', signed.keyDomainUid],
      ['  Told, not signed', `label, id ${told.id}, algorithms ${algorithms || 'all'}`],
      [
        '  Told, not signed',
        domain && `key domain ${domain}, key check value ${told.keyDomain?.keyCheckValue ?? 'none'}`,
      ],
      ['  Export', exportMeaning[key.export]],
    ]),
  ]
}

export const caveat =
  'Genuine means: made in that device, not brought there. It does not mean that the key has not been exported since, within\n' +
  'its key domain, by who has the PIN.'

const exportMeaning = {
  notAllowed: 'not allowed for this key (WRAP, 92, is not among its algorithms). The card told so and did not sign it',
  group: 'with the PIN, to the devices of its group. Which group that is, the device has signed',
  groupAsTold: 'with the PIN, to the devices of its group. The card told so and did not sign it',
  domain:
    'under its key domain, by who has the PIN, to devices with the same shares. The card told so and did not sign it',
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
