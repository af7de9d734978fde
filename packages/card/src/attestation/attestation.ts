/**
 * What shows to others that keys were made in a device: one JSON document with the request that the device signed for each
 * key, and the device's certificates. Beside each request stands what it says, for people and programs that read no
 * card-verifiable certificates; and, set apart, what the card tells of the key without signing it.
 *
 * @module
 */
import { type Codec, DecodeError, decode, equal, fromHex, mapped, toHex, utf8 } from '@keytether/codec'
import { AuthenticatedRequest, Certificate } from '../cvc/certificate.ts'
import { publicKeyObject } from '../cvc/key-object.ts'
import { groupOf } from '../key-domain/membership.ts'
import { base64, integerWithin, items, members, parseJson, refuse, text } from './json.ts'

/** A key domain as the card told of it when the attestation was made. */
export interface ToldKeyDomain {
  readonly index: number
  /** Its key comes from shares, or from an agreement of devices. */
  readonly kind: 'DKEK' | 'XKEK'
  /** Eight bytes; absent while the domain has no key. */
  readonly keyCheckValue?: Uint8Array
  /** X ‖ Y of the group signer's key; only with XKEK. */
  readonly uid?: Uint8Array
}

/** What a card says of a key, and does not sign. */
export interface ToldByCard {
  readonly reference: number
  readonly label: string
  /** PKCS #15 iD. */
  readonly id: Uint8Array
  /** Identifiers of the allowed algorithms; empty: all that the key's type has. */
  readonly algorithms: readonly number[]
  /** Uses left; absent if they are not counted. */
  readonly useCounter?: number
  readonly keyDomain?: ToldKeyDomain
}

export interface AttestedKey {
  /** The authenticated request, as the card made it. */
  readonly request: Uint8Array
  readonly told: ToldByCard
}

export interface Attestation {
  /** The device's certificate, that of its issuer and, where the card has it, the root's; none if they were not at hand. */
  readonly deviceCertificates: readonly Uint8Array[]
  readonly keys: readonly AttestedKey[]
}

const format = 'keytether attestation'
const version = 1
/** Bytes: more than 255 RSA keys of 4096 bits take. */
const longest = 2 * 1024 * 1024
const mostKeys = 255
const mostCertificates = 3

/** An attestation as JSON, UTF-8. What stands beside a request must be what the request says. */
export const Attestation: Codec<Attestation> = mapped(utf8({ max: longest }), {
  write: ({ deviceCertificates, keys }) =>
    `${JSON.stringify(
      { format, version, deviceCertificates: deviceCertificates.map(toBase64), keys: keys.map(written) },
      undefined,
      2,
    )}\n`,
  read(json): Attestation {
    const document = members(parseJson(json), '', ['format', 'version', 'deviceCertificates', 'keys'])
    if (document.format !== format) refuse('VALUE', 'format', `wanted ${JSON.stringify(format)}`)
    if (document.version !== version) refuse('VALUE', 'version', `wanted ${version}: this program knows no other`)
    const certificates = items(document.deviceCertificates, 'deviceCertificates', mostCertificates)
    const keys = items(document.keys, 'keys', mostKeys).map((key, index) => read(key, `keys[${index}]`))
    for (const [index, { request }] of keys.entries()) {
      const first = keys.findIndex(other => equal(keyOf(other.request), keyOf(request)))
      if (first < index) refuse('DUPLICATE', `keys[${index}]`, `the same key as keys[${first}]`)
    }
    return {
      deviceCertificates: certificates.map((value, index) => {
        const where = `deviceCertificates[${index}]`
        const bytes = base64(value, where)
        within(where, () => decode(Certificate, bytes, { lengths: 'any' }))
        return bytes
      }),
      keys,
    }
  },
})

function written({ request, told }: AttestedKey) {
  return { signedByDevice: { ...saidBy(request), request: toBase64(request) }, toldByCard: toldDocument(told) }
}

/** What a card told of a key, as it stands in a document. */
export function toldDocument({ reference, label, id, algorithms, useCounter, keyDomain }: ToldByCard) {
  return {
    reference,
    label,
    id: upperHex(id),
    algorithms: algorithms.map(each => upperHex(Uint8Array.of(each))),
    useCounter,
    keyDomain: keyDomain && {
      index: keyDomain.index,
      kind: keyDomain.kind,
      keyCheckValue: keyDomain.keyCheckValue && upperHex(keyDomain.keyCheckValue),
      uid: keyDomain.uid && upperHex(keyDomain.uid),
    },
  }
}

function upperHex(bytes: Uint8Array): string {
  return toHex(bytes).toUpperCase()
}

/** What a request says, in the words of the document. */
function saidBy(request: Uint8Array): { device: string; publicKey: string; keyDomainUid?: string } {
  const { certificate, authorityReference } = decode(AuthenticatedRequest, request, { lengths: 'any' })
  const { body } = certificate.value
  const uid = groupOf(body.value)
  return {
    device: authorityReference,
    publicKey: publicKeyObject(body.value.publicKey).export({ type: 'spki', format: 'pem' }) as string,
    ...(uid && { keyDomainUid: upperHex(uid) }),
  }
}

function keyOf(request: Uint8Array): Uint8Array {
  return new TextEncoder().encode(saidBy(request).publicKey)
}

function read(value: unknown, where: string): AttestedKey {
  const { signedByDevice, toldByCard } = members(value, where, ['signedByDevice', 'toldByCard'])
  return {
    request: readSigned(signedByDevice, `${where}.signedByDevice`),
    told: readTold(toldByCard, `${where}.toldByCard`),
  }
}

function readSigned(value: unknown, where: string): Uint8Array {
  const signed = members(value, where, ['device', 'publicKey', 'request'], ['keyDomainUid'])
  const request = base64(signed.request, `${where}.request`)
  const said: Record<string, unknown> = within(`${where}.request`, () => saidBy(request))
  for (const name of ['device', 'publicKey', 'keyDomainUid'] as const) {
    if (signed[name] !== said[name]) refuse('VALUE', `${where}.${name}`, 'it is not what the request says')
  }
  return request
}

const hex = /^([0-9A-F]{2})*$/

function readTold(value: unknown, where: string): ToldByCard {
  const required = ['reference', 'label', 'id', 'algorithms'] as const
  const { useCounter, keyDomain, ...told } = members(value, where, required, ['useCounter', 'keyDomain'])
  return {
    reference: integerWithin(told.reference, `${where}.reference`, 255),
    label: text(told.label, `${where}.label`),
    id: fromHex(text(told.id, `${where}.id`, hex)),
    algorithms: items(told.algorithms, `${where}.algorithms`, 16).map((id, index) =>
      Number.parseInt(text(id, `${where}.algorithms[${index}]`, /^[0-9A-F]{2}$/), 16),
    ),
    ...(useCounter !== undefined && { useCounter: integerWithin(useCounter, `${where}.useCounter`, 0xffffffff) }),
    ...(keyDomain !== undefined && { keyDomain: readDomain(keyDomain, `${where}.keyDomain`) }),
  }
}

function readDomain(value: unknown, where: string): ToldKeyDomain {
  const domain = members(value, where, ['index', 'kind'], ['keyCheckValue', 'uid'])
  const { kind } = domain
  if (kind !== 'DKEK' && kind !== 'XKEK') return refuse('VALUE', `${where}.kind`, 'wanted DKEK or XKEK')
  const bytes = (name: 'keyCheckValue' | 'uid') => fromHex(text(domain[name], `${where}.${name}`, hex))
  return {
    index: integerWithin(domain.index, `${where}.index`, 255),
    kind,
    ...(domain.keyCheckValue !== undefined && { keyCheckValue: bytes('keyCheckValue') }),
    ...(domain.uid !== undefined && { uid: bytes('uid') }),
  }
}

/** The same, with the place in the document in whatever is wrong. */
function within<T>(where: string, decoding: () => T): T {
  try {
    return decoding()
  } catch (error) {
    if (error instanceof DecodeError) refuse(error.code, where, error.message)
    throw error
  }
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
