/** An authenticator of WebAuthn in software, which can be told to say what none would. */
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'

export interface Saying {
  readonly challenge: string
  /** Default: what the authenticator is for. */
  readonly origin?: string
  readonly rpId?: string
  readonly type?: string
  /** Whether it has verified who uses it. Default: yes. */
  readonly verified?: boolean
  readonly signCount?: number
  readonly userHandle?: string
  /** Default: one that says nothing. */
  readonly attestation?: { readonly format: string; readonly certificates?: readonly Uint8Array[] }
}

const sha256 = (data: Uint8Array | string) => createHash('sha256').update(data).digest()
const encoded = (bytes: Uint8Array | string) => Buffer.from(bytes).toString('base64url')
const [present, verified, attested] = [0x01, 0x04, 0x40]

export class SoftAuthenticator {
  readonly id = encoded(randomBytes(16))
  readonly #origin: string
  readonly #pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })

  constructor(origin: string) {
    this.#origin = origin
  }

  /** RegistrationResponseJSON */
  create(saying: Saying) {
    const { attestation = { format: 'none' } } = saying
    const id = Buffer.from(this.id, 'base64url')
    const credential = Buffer.concat([Buffer.alloc(16), uint16(id.length), id, this.#coseKey()])
    const data = Buffer.concat([this.#head(saying, attested), credential])
    const statement = attestation.certificates ? cbor(new Map([['x5c', attestation.certificates]])) : cbor(new Map())
    const attestationObject = Buffer.concat([
      Buffer.of(0xa3),
      cbor('fmt'),
      cbor(attestation.format),
      cbor('attStmt'),
      statement,
      cbor('authData'),
      cbor(data),
    ])
    const response = {
      clientDataJSON: encoded(this.#clientData('webauthn.create', saying)),
      attestationObject: encoded(attestationObject),
      transports: ['internal'],
    }
    return { ...this.#credential, response }
  }

  /** AuthenticationResponseJSON */
  get(saying: Saying) {
    const clientData = this.#clientData('webauthn.get', saying)
    const data = this.#head(saying, 0)
    const signature = sign('sha256', Buffer.concat([data, sha256(clientData)]), this.#pair.privateKey)
    const response = {
      clientDataJSON: encoded(clientData),
      authenticatorData: encoded(data),
      signature: encoded(signature),
      ...(saying.userHandle !== undefined && { userHandle: encoded(saying.userHandle) }),
    }
    return { ...this.#credential, response }
  }

  get #credential() {
    return { id: this.id, rawId: this.id, type: 'public-key', clientExtensionResults: {} } as const
  }

  #clientData(type: string, { challenge, origin = this.#origin, type: other = type }: Saying): string {
    return JSON.stringify({ type: other, challenge, origin, crossOrigin: false })
  }

  /** @see https://www.w3.org/TR/webauthn-3/#sctn-authenticator-data */
  #head(
    { rpId = new URL(this.#origin).hostname, verified: isVerified = true, signCount = 0 }: Saying,
    flags: number,
  ): Buffer {
    const count = Buffer.alloc(4)
    count.writeUInt32BE(signCount)
    return Buffer.concat([sha256(rpId), Buffer.of(present | (isVerified ? verified : 0) | flags), count])
  }

  /** @see RFC 9053, 7.1.1 */
  #coseKey(): Buffer {
    const { x = '', y = '' } = this.#pair.publicKey.export({ format: 'jwk' })
    return Buffer.concat([
      Buffer.of(0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21),
      cbor(Buffer.from(x, 'base64url')),
      Buffer.of(0x22),
      cbor(Buffer.from(y, 'base64url')),
    ])
  }
}

type Cbor = string | Uint8Array | readonly Cbor[] | ReadonlyMap<string, Cbor>

/** @see RFC 8949, 3 */
function cbor(value: Cbor): Buffer {
  if (typeof value === 'string') return Buffer.concat([cborHead(3, Buffer.byteLength(value)), Buffer.from(value)])
  if (value instanceof Uint8Array) return Buffer.concat([cborHead(2, value.length), value])
  if (value instanceof Map) {
    const members = [...value].flatMap(([key, each]) => [cbor(key), cbor(each)])
    return Buffer.concat([cborHead(5, value.size), ...members])
  }
  const items = value as readonly Cbor[]
  return Buffer.concat([cborHead(4, items.length), ...items.map(cbor)])
}

function cborHead(major: number, length: number): Buffer {
  const type = major << 5
  if (length < 24) return Buffer.of(type | length)
  return length < 256 ? Buffer.of(type | 24, length) : Buffer.concat([Buffer.of(type | 25), uint16(length)])
}

function uint16(value: number): Buffer {
  return Buffer.of(value >> 8, value & 0xff)
}
