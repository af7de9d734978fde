/** The public key in a file: by itself, in an X.509 certificate, or in a certificate request. */
import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type Command, Option } from 'commander'
import { CliError } from './errors.ts'

export interface PublicKeyFileOptions {
  readonly publicKey?: string
  readonly certificate?: string
  readonly csr?: string
}

const kinds = {
  publicKey: { option: 'public-key', what: 'public key', read: publicKeyIn },
  certificate: { option: 'certificate', what: 'X.509 certificate', read: certified },
  csr: { option: 'csr', what: 'certificate request (PKCS #10)', read: requested },
} as const

type Kind = keyof typeof kinds

export function publicKeyFileOptions(command: Command, purpose: string): Command {
  for (const [kind, { option, what }] of Object.entries(kinds)) {
    const others = Object.keys(kinds).filter(other => other !== kind)
    command.addOption(new Option(`--${option} <file>`, `${purpose} of this ${what}, PEM or DER`).conflicts(others))
  }
  return command
}

export interface NamedPublicKey {
  readonly file: string
  readonly key: KeyObject
}

/** The key that the options name, if they name one. */
export async function readPublicKeyFile(options: PublicKeyFileOptions): Promise<NamedPublicKey | undefined> {
  const kind = (Object.keys(kinds) as Kind[]).find(each => options[each] !== undefined)
  const file = kind && options[kind]
  if (kind === undefined || file === undefined) return undefined
  const content = await readFile(file)
  try {
    return { file, key: await kinds[kind].read(content) }
  } catch (cause) {
    throw new CliError('failed', `${file} holds no ${kinds[kind].what} in PEM or DER`, [], { cause })
  }
}

function publicKeyIn(content: Buffer): KeyObject {
  const pem = content.includes('-----BEGIN PUBLIC KEY-----')
  return createPublicKey(pem ? { key: content, format: 'pem' } : { key: content, format: 'der', type: 'spki' })
}

function certified(content: Buffer): KeyObject {
  return new X509Certificate(content).publicKey
}

const pemRequest = /-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----([A-Za-z0-9+/=\s]+)-----END/

/** RFC 2986, 4. Its own signature adds nothing to what an attestation shows, and is not looked at. */
async function requested(content: Buffer): Promise<KeyObject> {
  const { anyTlv, bytes, decode, encode, struct, tlv } = await import('@keytether/codec')
  const information = tlv(
    0x30,
    struct({ version: tlv(0x02, bytes()), subject: anyTlv, publicKey: anyTlv, attributes: bytes() }),
  )
  const CertificationRequest = tlv(0x30, struct({ information, signed: bytes() }))
  const [, base64] = pemRequest.exec(content.toString('latin1')) ?? []
  const der = base64 === undefined ? content : Buffer.from(base64, 'base64')
  const key = encode(anyTlv, decode(CertificationRequest, der).information.publicKey)
  return createPublicKey({ key: Buffer.from(key), format: 'der', type: 'spki' })
}
