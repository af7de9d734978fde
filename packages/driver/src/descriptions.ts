/** Descriptions of objects in the form that OpenSC writes, so that it and whatever goes by it finds them. */
import { CertificateDescription, DataDescription, fileId, PrivateKeyDescription, TokenInfo } from '@keytether/card'
import { encode } from '@keytether/codec'

/** Only after presenting the user PIN, whose authentication identifier is 01. */
const needsPin = { flags: ['private', 'modifiable'], authId: Uint8Array.of(0x01) } as const
const needsNothing = { flags: ['modifiable'] } as const

const usages = {
  rsa: ['decrypt', 'sign', 'signRecover'],
  ec: ['sign', 'derive'],
  aes: ['encrypt', 'decrypt', 'sign', 'verify', 'derive'],
} as const

export interface NewKey {
  readonly kind: 'ec' | 'rsa' | 'aes'
  readonly bits: number
  readonly id: Uint8Array
  readonly label: string
}

/** What is only true of keys that were made on the card is said of no others. */
const accessFlags = {
  here: ['sensitive', 'alwaysSensitive', 'neverExtractable', 'local'],
  elsewhere: ['sensitive'],
} as const

export function describeNewKey(reference: number, key: NewKey, made: keyof typeof accessFlags = 'here'): Uint8Array {
  return encode(PrivateKeyDescription, {
    ...key,
    ...needsPin,
    usage: usages[key.kind],
    accessFlags: accessFlags[made],
    keyReference: reference,
  })
}

export function describeNewCertificate(number: number, id: Uint8Array, label: string): Uint8Array {
  const path = pathOf(fileId('certificate', number))
  return encode(CertificateDescription, { kind: 'x509', label, ...needsNothing, id, path })
}

export function describeNewData(file: number, isPrivate: boolean, label: string): Uint8Array {
  const object = isPrivate ? needsPin : needsNothing
  return encode(DataDescription, { label, ...object, application: label, path: pathOf(file) })
}

export function describeToken(label: string): Uint8Array {
  return encode(TokenInfo, { version: 0, label, flags: ['prnGeneration'] })
}

export function pathOf(file: number): Uint8Array {
  return Uint8Array.of(file >> 8, file & 0xff)
}
