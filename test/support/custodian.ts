/** Custodians of a token: each has an emulated token of his own, with a key on it that the other token can register. */
import assert from 'node:assert/strict'
import {
  AuthenticatedRequest,
  algorithm,
  authenticationMessage,
  type Certificate,
  type CurveName,
  curveByName,
  DeviceCertificates,
  EcdsaSignature,
  GenerateKeyPair,
  type KeyParameters,
  keyAlgorithm,
  RegisterAuthenticationKey,
  Sign,
  VerifyCertificate,
} from '@keytether/card'
import { concat, decode, fromHex, toHex } from '@keytether/codec'
import { type EmulatedToken, emulatedToken } from './emulated-token.ts'

export interface Custodian {
  /** Of his key, and of his device. */
  readonly name: string
  readonly device: string
  readonly issuer: string
  readonly certificates: readonly Certificate[]
  readonly request: AuthenticatedRequest
  /** What the key signs for a device and its challenge: r ‖ s. */
  sign(deviceReference: string, challenge: Uint8Array): Promise<Uint8Array>
}

/** @param kind an RSA key has a request like others, but does not sign here */
export async function custodian(name: string, kind: CurveName | 'rsa' = 'brainpoolP256r1'): Promise<Custodian> {
  const token = await emulatedToken('loggedIn')
  const parameters: KeyParameters =
    kind === 'rsa'
      ? { kind, oid: fromHex(keyAlgorithm.rsaSha256), e: fromHex('010001'), bits: 1024 }
      : { kind: 'ec', oid: fromHex(keyAlgorithm.ecdsaSha256), domain: curveByName(kind).domain }
  const generate = GenerateKeyPair.encodeRequest(
    { key: 1, signingKey: 0 },
    {
      profile: 0,
      authorityReference: 'UTCA00001',
      parameters,
      holderReference: name,
    },
  )
  const request = decode(AuthenticatedRequest, answerOf(await token.send(toHex(generate))))
  const file = answerOf(await token.send('00B12F02 000004 54020000 0000'))
  const certificates = decode(DeviceCertificates, file)
  const [device, issuer] = certificates.map(({ body }) => body.value.holderReference)
  return {
    name,
    device: device!,
    issuer: issuer!,
    certificates,
    request,
    async sign(deviceReference, challenge) {
      const message = authenticationMessage(deviceReference, challenge)
      const sign = Sign.encodeRequest({ key: 1, algorithm: algorithm.ecdsaSha256 }, message)
      const { r, s } = decode(EcdsaSignature, answerOf(await token.send(toHex(sign))))
      const size = kind === 'rsa' ? assert.fail() : curveByName(kind).bits / 8
      return concat(...[r, s].map(value => fromHex(value.toString(16).padStart(2 * size, '0'))))
    },
  }
}

function answerOf(hex: string): Uint8Array {
  assert.match(hex, /(9000|6282)$/)
  return fromHex(hex.slice(0, -4))
}

/** Commands in hexadecimal. */
export function chooseVerificationKey(name: string): string {
  return `002281B6 ${object(0x83, name)}`
}

export function chooseAuthenticationKey(name: string): string {
  return `002281A4 ${object(0x83, name)}`
}

function object(tag: number, name: string): string {
  const value = toHex(new TextEncoder().encode(name))
  return [name.length + 2, tag, name.length].map(byte => byte.toString(16).padStart(2, '0')).join('') + value
}

export function verify(certificate: Certificate): string {
  return toHex(VerifyCertificate.encodeRequest({}, certificate))
}

export function register(request: AuthenticatedRequest): string {
  return toHex(RegisterAuthenticationKey.encodeRequest({}, request))
}

/** What a host sends to have a custodian's key registered; the answer to the last command. */
export async function registerCustodian({ send }: EmulatedToken, custodian: Custodian): Promise<string> {
  const { certificates, device, issuer, request } = custodian
  assert.equal(await send(chooseVerificationKey(issuer)), '9000')
  if ((await send(chooseVerificationKey(device))) !== '9000') {
    assert.equal(await send(chooseVerificationKey(issuer)), '9000')
    assert.equal(await send(verify(certificates[0]!)), '9000')
    assert.equal(await send(chooseVerificationKey(device)), '9000')
  }
  return send(register(request))
}

/** Authenticates the key; the answer to the last command. */
export async function authenticate({ send }: EmulatedToken, device: string, custodian: Custodian): Promise<string> {
  const chosen = await send(chooseAuthenticationKey(custodian.name))
  if (chosen !== '9000') return chosen
  const challenge = answerOf(await send('0084000008'))
  const signature = await custodian.sign(device, challenge)
  const length = signature.length.toString(16).padStart(2, '0')
  return send(`00820000 ${length} ${toHex(signature)}`)
}

/** The holder reference of a token. */
export async function deviceOf({ send }: EmulatedToken): Promise<string> {
  const [device] = decode(DeviceCertificates, answerOf(await send('00B12F02 000004 54020000 0000')))
  return device!.body.value.holderReference
}
