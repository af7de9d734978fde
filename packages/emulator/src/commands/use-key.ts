/** SIGN and DECIPHER. */
import { algorithm, type Decipher, type Sign } from '@keytether/card'
import type { Card } from '../card.ts'
import type { Handler, Request } from '../handler.ts'
import { allowedKey, findKey, used } from '../key-use.ts'
import { agree, signEcdsa, signEcdsaHash } from '../keys/ec.ts'
import type { Outcome } from '../keys/outcome.ts'
import type { EcPrivateKey, PrivateKey, RsaPrivateKey } from '../keys/private-key.ts'
import { decipherOaep, decipherPkcs1, rsaRaw, signDigestInfo, signPkcs1, signPss, signPssHash } from '../keys/rsa.ts'

export type Operation = (key: PrivateKey, input: Uint8Array) => Outcome | 'algorithmNotAllowed'

function rsa(operation: (key: RsaPrivateKey, input: Uint8Array) => Outcome): Operation {
  return (key, input) => (key.kind === 'rsa' ? operation(key, input) : 'algorithmNotAllowed')
}

function ec(operation: (key: EcPrivateKey, input: Uint8Array) => Outcome): Operation {
  return (key, input) => (key.kind === 'ec' ? operation(key, input) : 'algorithmNotAllowed')
}

const signatures: Readonly<Record<number, Operation>> = {
  [algorithm.rsaRaw]: rsa(rsaRaw),
  [algorithm.rsaPkcs1]: rsa(signDigestInfo),
  [algorithm.rsaPkcs1Sha1]: rsa((key, message) => signPkcs1(key, 'sha1', message)),
  [algorithm.rsaPkcs1Sha224]: rsa((key, message) => signPkcs1(key, 'sha224', message)),
  [algorithm.rsaPkcs1Sha256]: rsa((key, message) => signPkcs1(key, 'sha256', message)),
  [algorithm.rsaPkcs1Sha384]: rsa((key, message) => signPkcs1(key, 'sha384', message)),
  [algorithm.rsaPkcs1Sha512]: rsa((key, message) => signPkcs1(key, 'sha512', message)),
  [algorithm.rsaPss]: rsa(signPssHash),
  [algorithm.rsaPssSha1]: rsa((key, message) => signPss(key, 'sha1', message)),
  [algorithm.rsaPssSha224]: rsa((key, message) => signPss(key, 'sha224', message)),
  [algorithm.rsaPssSha256]: rsa((key, message) => signPss(key, 'sha256', message)),
  [algorithm.rsaPssSha384]: rsa((key, message) => signPss(key, 'sha384', message)),
  [algorithm.rsaPssSha512]: rsa((key, message) => signPss(key, 'sha512', message)),
  [algorithm.ecdsa]: ec(signEcdsaHash),
  [algorithm.ecdsaSha1]: ec((key, message) => signEcdsa(key, 'sha1', message)),
  [algorithm.ecdsaSha224]: ec((key, message) => signEcdsa(key, 'sha224', message)),
  [algorithm.ecdsaSha256]: ec((key, message) => signEcdsa(key, 'sha256', message)),
  [algorithm.ecdsaSha384]: ec((key, message) => signEcdsa(key, 'sha384', message)),
  [algorithm.ecdsaSha512]: ec((key, message) => signEcdsa(key, 'sha512', message)),
}

const decipherments: Readonly<Record<number, Operation>> = {
  [algorithm.rsaRawDecipher]: rsa(rsaRaw),
  [algorithm.rsaPkcs1Decipher]: rsa(decipherPkcs1),
  [algorithm.rsaOaepDecipher]: rsa(decipherOaep),
  [algorithm.ecdh]: ec(agree),
}

export const sign: Handler<typeof Sign> = (card, request) => useKey(card, request, signatures)

export const decipher: Handler<typeof Decipher> = (card, request) => useKey(card, request, decipherments)

export function useKey(
  card: Card,
  { params, data }: Pick<Request<typeof Sign>, 'params' | 'data'>,
  operations: Readonly<Record<number, Operation>>,
) {
  const { key: reference, algorithm: id } = params
  const found = findKey(card, reference)
  if (typeof found === 'string') return { status: found } as const
  const operation = operations[id]
  if (operation === undefined) return { status: 'unknownAlgorithm' } as const
  const key = allowedKey(card, reference, id)
  if (typeof key === 'string') return { status: key } as const
  const result = operation(key.privateKey, data)
  if (!(result instanceof Uint8Array)) return { status: result } as const
  if (key.useCounter !== undefined) {
    card.state = { ...card.state, keys: new Map(card.state.keys).set(reference, used(key)) }
  }
  return { status: 'ok', data: result } as const
}
