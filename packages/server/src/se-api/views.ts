/** What the domain knows, in the values of the API. */
import { algorithm, subjectPublicKeyInfo } from '@keytether/card'
import { DecodeError } from '@keytether/codec'
import type * as hsm from '@keytether/hsm'
import type { Hsm, Key, KeyDomain, keyAlgorithms } from './schemas.ts'

const algorithmNames = new Map<number, (typeof keyAlgorithms)[number]>([
  [algorithm.rsaPss, 'RSA_PSS'],
  [algorithm.rsaPssSha1, 'RSA_PSS_SHA1'],
  [algorithm.rsaPssSha256, 'RSA_PSS_SHA256'],
  [algorithm.rsaPssSha512, 'RSA_PSS_SHA512'],
  [algorithm.ecdsa, 'ECDSA'],
  [algorithm.ecdsaSha1, 'ECDSA_SHA1'],
  [algorithm.ecdsaSha256, 'ECDSA_SHA256'],
  [algorithm.ecdsaSha384, 'ECDSA_SHA384'],
  [algorithm.ecdsaSha512, 'ECDSA_SHA512'],
  [algorithm.aesCbcEncrypt, 'CBC_ENC'],
  [algorithm.aesCbcDecrypt, 'CBC_DEC'],
  [algorithm.aesCmac, 'CMAC'],
  [algorithm.wrap, 'WRAP'],
  [algorithm.aesDerive, 'DERIVE_SP800_56C'],
])

export function hsmView(device: hsm.DeviceSession): Hsm {
  const { defaultKeyDomain } = device
  return {
    id: device.id!,
    defaultKeyDomain,
    keyDomains: device.keyDomains.filter(id => id !== defaultKeyDomain).map(id => ({ id, label: '' })),
    keys: device.keys.map(instanceView),
  }
}

/** A key, with the devices that hold it. */
export function keyView({ instances }: hsm.Key): Key {
  return { ...instanceView(instances[0]), hsms: instances.map(({ device }) => device.id!) }
}

export function keyDomainView({ id, devices, keys }: hsm.KeyDomain): KeyDomain {
  return { id, hsms: devices.map(device => device.id!), keys: keys.map(keyView) }
}

/** A key on one device. */
export function instanceView({ id, keyDomain, info }: hsm.HeldKey): Key {
  const { label, kind: type, bits: size, useCounter, algorithms, certificate } = info
  const pubkey = publicKeyOf(info)
  return {
    id,
    label,
    type,
    size,
    // Counters that do not fit are those of keys without one: the card shows them as FFFFFFFF.
    ...(useCounter !== undefined && useCounter <= 0x7fffffff && { keyUseCounter: useCounter }),
    // Algorithms that the API has no name for stay unmentioned.
    ...(algorithms.length > 0 && { algorithms: algorithms.flatMap(one => algorithmNames.get(one) ?? []) }),
    keyDomain,
    ...(certificate && { cert: base64(certificate) }),
    ...(pubkey && { pubkey: base64(pubkey) }),
  }
}

function publicKeyOf({ publicKey }: hsm.HeldKey['info']): Uint8Array | undefined {
  if (publicKey === undefined) return undefined
  try {
    return subjectPublicKeyInfo(publicKey)
  } catch (error) {
    // A curve that X.509 has no name for.
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
}
