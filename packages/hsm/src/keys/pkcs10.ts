/**
 * Certification requests, signed by a key on a card.
 *
 * @see RFC 2986, 4; RFC 5280, 4.2.1.6; RFC 4055, 3.1; RFC 5758, 3.2
 * @module
 */
import { createHash } from 'node:crypto'
import { concat, encode, fromHex, bytes as rest, tlv } from '@keytether/codec'
import { HsmError } from '../errors.ts'

export type RequestScheme = 'ECDSA' | 'RSA_PKCS1' | 'RSA_PSS'

export interface RequestContent {
  /** From the least specific attribute to the most, as certificates have them: `['C', 'LU'], ['CN', 'www.example.com']`. */
  readonly subject: readonly (readonly [type: string, value: string])[]
  readonly dnsNames?: readonly string[] | undefined
  readonly emailAddresses?: readonly string[] | undefined
  readonly ipAddresses?: readonly string[] | undefined
  readonly uris?: readonly string[] | undefined
}

const object = (tag: number, ...parts: Uint8Array[]) => encode(tlv(tag, rest()), concat(...parts))
const sequence = (...parts: Uint8Array[]) => object(0x30, ...parts)
const set = (...parts: Uint8Array[]) => object(0x31, ...parts)
const identifier = (hex: string) => object(0x06, fromHex(hex))
const bitString = (content: Uint8Array) => object(0x03, Uint8Array.of(0), content)
const text = (value: string) => new TextEncoder().encode(value)
const nothing = object(0x05)

/** Values of object identifiers, and the tags of their values: UTF8String, PrintableString, IA5String. */
const attributes: Readonly<Record<string, readonly [identifier: string, tag: number]>> = {
  CN: ['550403', 0x0c],
  SERIALNUMBER: ['550405', 0x13],
  C: ['550406', 0x13],
  L: ['550407', 0x0c],
  ST: ['550408', 0x0c],
  STREET: ['550409', 0x0c],
  O: ['55040A', 0x0c],
  OU: ['55040B', 0x0c],
  UID: ['0992268993F22C640101', 0x0c],
  DC: ['0992268993F22C640119', 0x16],
  EMAILADDRESS: ['2A864886F70D010901', 0x16],
}

const sha256 = sequence(identifier('608648016503040201'), nothing)
const algorithms: Readonly<Record<RequestScheme, Uint8Array>> = {
  ECDSA: sequence(identifier('2A8648CE3D040302')),
  RSA_PKCS1: sequence(identifier('2A864886F70D01010B'), nothing),
  RSA_PSS: sequence(
    identifier('2A864886F70D01010A'),
    sequence(
      object(0xa0, sha256),
      object(0xa1, sequence(identifier('2A864886F70D010108'), sha256)),
      object(0xa2, object(0x02, Uint8Array.of(32))),
    ),
  ),
}

/**
 * DER.
 *
 * @param publicKey SubjectPublicKeyInfo
 * @param sign signs a SHA-256 hash
 * @throws HsmError INVALID
 */
export async function certificationRequest(
  content: RequestContent,
  publicKey: Uint8Array,
  scheme: RequestScheme,
  sign: (hash: Uint8Array) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const names = alternativeNames(content)
  const extensions = sequence(sequence(identifier('551D11'), object(0x04, sequence(...names))))
  const requested = names.length === 0 ? [] : [sequence(identifier('2A864886F70D01090E'), set(extensions))]
  const version = object(0x02, Uint8Array.of(0))
  const information = sequence(version, nameOf(content.subject), publicKey, object(0xa0, ...requested))
  const signature = await sign(createHash('sha256').update(information).digest())
  return sequence(information, algorithms[scheme], bitString(signature))
}

function nameOf(subject: RequestContent['subject']): Uint8Array {
  return sequence(
    ...subject.map(([type, value]) => {
      const [hex, tag] = attributes[type.toUpperCase()] ?? []
      if (hex === undefined || tag === undefined) {
        throw new HsmError(
          'INVALID',
          `there is no attribute ${type} of names; known are ${Object.keys(attributes).join(', ')}`,
        )
      }
      return set(sequence(identifier(hex), object(tag, text(checked(type, value, tag)))))
    }),
  )
}

function checked(type: string, value: string, tag: number): string {
  if (value === '') throw new HsmError('INVALID', `the attribute ${type} is empty`)
  if (type.toUpperCase() === 'C' && !/^[A-Z]{2}$/.test(value)) {
    throw new HsmError('INVALID', `countries are two capital letters, got ${value}`)
  }
  const allowed = tag === 0x13 ? /^[A-Za-z0-9 '()+,\-./:=?]*$/ : tag === 0x16 ? /^[\x20-\x7e]*$/ : /^[^\p{Cc}]*$/u
  if (!allowed.test(value))
    throw new HsmError('INVALID', `${type} cannot have the characters of ${JSON.stringify(value)}`)
  return value
}

/** GeneralName: rfc822Name [1], dNSName [2], uniformResourceIdentifier [6], iPAddress [7]. */
function alternativeNames({ dnsNames, emailAddresses, ipAddresses, uris }: RequestContent): Uint8Array[] {
  return [
    ...(emailAddresses ?? []).map(name => object(0x81, text(plain(name)))),
    ...(dnsNames ?? []).map(name => object(0x82, text(plain(name)))),
    ...(uris ?? []).map(name => object(0x86, text(plain(name)))),
    ...(ipAddresses ?? []).map(address => object(0x87, addressOf(address))),
  ]
}

function plain(name: string): string {
  if (/^[\x21-\x7e]+$/.test(name)) return name
  throw new HsmError('INVALID', `alternative names are of ASCII characters without spaces, got ${JSON.stringify(name)}`)
}

const ipv4 = /^(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/

function addressOf(address: string): Uint8Array {
  if (ipv4.test(address)) return Uint8Array.from(address.split('.'), Number)
  // URLs know every way of writing IPv6 addresses, and have one.
  const host = /^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/.test(address) ? URL.parse(`http://[${address}]/`)?.hostname : undefined
  if (host === undefined) throw new HsmError('INVALID', `${address} is no IP address`)
  const [before = '', after = ''] = host.slice(1, -1).split('::')
  const words = (part: string) => (part === '' ? [] : part.split(':').map(word => Number.parseInt(word, 16)))
  const [head, tail] = [words(before), words(after)]
  const all = [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail]
  return Uint8Array.from(all.flatMap(word => [word >> 8, word & 0xff]))
}
