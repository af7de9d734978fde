/** New keys: made by the card, proven to be its own, and described so that all software for the card finds them. */
import {
  AuthenticatedRequest,
  curveByName,
  fileId,
  GenerateKeyPair,
  type KeyParameters,
  keyAlgorithm,
  verifyRequest,
} from '@keytether/card'
import { DecodeError, decode, equal, fromHex } from '@keytether/codec'
import { describeNewKey } from './descriptions.ts'
import { DriverError } from './errors.ts'
import { expectContent, readFiles } from './files.ts'
import { bitsOf, keyIdentifier } from './key-info.ts'
import { call, type Link } from './link.ts'
import { describe, freeReference } from './new-key.ts'
import { expectOk } from './outcome.ts'
import type { Identity, KeyAttributes, KeyInfo, KeySpec, Version } from './types.ts'

const defaultExponent = 65537

export async function generateKeyPair(
  link: Link,
  version: Version,
  identity: Identity,
  spec: KeySpec,
  attributes: KeyAttributes,
): Promise<KeyInfo> {
  const parameters = parametersOf(spec)
  // A label or an identifier that no description has room for is refused before there is a key.
  describeNewKey(0, { kind: spec.kind, bits: 0, id: attributes.id ?? new Uint8Array(), label: attributes.label })
  const reference = await freeReference(link, attributes.reference)
  const request = await generate(link, version, identity, reference, parameters, attributes)
  const { publicKey } = attested(request, identity, reference, parameters).certificate.value.body.value
  const { kind } = publicKey
  const { label, id = keyIdentifier(publicKey) } = attributes
  return describe(link, reference, { kind, bits: bitsOf(publicKey), id, label }, request)
}

function parametersOf(spec: KeySpec): KeyParameters {
  if (spec.kind === 'ec') {
    const curve = curveByName(spec.curve)
    if (curve === undefined) throw new RangeError(`no such curve: ${spec.curve}`)
    return { kind: 'ec', oid: fromHex(keyAlgorithm.ecdsaSha256), domain: curve.domain }
  }
  const { bits, exponent = defaultExponent } = spec
  const hex = exponent.toString(16)
  return {
    kind: 'rsa',
    oid: fromHex(keyAlgorithm.rsaSha256),
    e: fromHex(hex.padStart(hex.length + (hex.length % 2), '0')),
    bits,
  }
}

async function generate(
  link: Link,
  version: Version,
  { holderReference }: Identity,
  reference: number,
  parameters: KeyParameters,
  { algorithms, useCounter, keyDomain }: KeyAttributes,
): Promise<Uint8Array> {
  const [outcome] = await link.run([
    call(
      GenerateKeyPair,
      { key: reference, signingKey: 0 },
      {
        profile: 0,
        // The card signs the request with its device key and names itself there; this inner name is only a convention.
        authorityReference: 'UTCA00001',
        parameters,
        // Names of keys are what public key authentication knows them by: no two keys of a device have the same.
        holderReference: `${holderReference.slice(0, -5)}${String(reference).padStart(5, '0')}`,
        ...(useCounter !== undefined && { useCounter }),
        ...(algorithms && { algorithms: Uint8Array.from(algorithms) }),
        ...(keyDomain !== undefined && { keyDomain }),
      },
    ),
  ])
  const request = expectOk(outcome, 'generate a key', {
    wrongData: ['NOT_SUPPORTED', 'the card refuses the parameters; it may not have this curve or key size'],
    notSupported: ['NOT_SUPPORTED', 'the card does not have this curve or key size'],
  })
  if (request.length > 0) return request
  const [file] = await readFiles(link, version, [{ fid: fileId('keyCertificate', reference), object: true }])
  return expectContent(file!, `request of key ${reference}`)
}

/** The request, if it is the device's word that it has made this very key. */
function attested(
  bytes: Uint8Array,
  { devicePublicKey }: Identity,
  reference: number,
  parameters: KeyParameters,
): AuthenticatedRequest {
  const refuse = (reason: string, cause?: unknown) =>
    new DriverError(
      'NOT_ATTESTED',
      `key ${reference} was generated, but ${reason}: do not use it. It is on the card and has no description; delete it`,
      { cause },
    )
  let request: AuthenticatedRequest
  try {
    request = decode(AuthenticatedRequest, bytes, { lengths: 'any' })
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw refuse('its request is malformed', error)
  }
  if (!verifyRequest(request, devicePublicKey)) throw refuse('its request is not signed by the key and the device')
  const { publicKey } = request.certificate.value.body.value
  const asked =
    publicKey.kind === 'rsa'
      ? parameters.kind === 'rsa' && bitsOf(publicKey) === parameters.bits
      : parameters.kind === 'ec' && publicKey.domain !== undefined && equal(publicKey.domain.n, parameters.domain.n)
  if (!asked) throw refuse('it is not of the type that was asked for')
  return request
}
