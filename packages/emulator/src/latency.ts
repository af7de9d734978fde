/** How long a card takes: an emulated one is much faster than a real one, unless it is told to wait. */
import type { CommandName } from './handlers.ts'

/** What takes its own time: use of a secret key is `decipher`, deriving a key `generate`, presenting a PIN or proving the chip is `authenticate`, changing files and initialising `write`. */
export type LatencyKind = 'sign' | 'decipher' | 'generate' | 'authenticate' | 'write' | 'other'

export interface Work {
  readonly kind: LatencyKind
  /** The key that was used or made. */
  readonly key?: { readonly kind: 'ec' | 'rsa' | 'aes'; readonly bits: number } | undefined
}

/** The least time in milliseconds from a command to its answer. */
export type Latency = (work: Work) => number

const kinds: { readonly [Name in CommandName]: LatencyKind } = {
  SelectApplication: 'other',
  SelectFile: 'other',
  SelectPath: 'other',
  Verify: 'authenticate',
  ChangeReferenceData: 'authenticate',
  ResetRetryCounter: 'authenticate',
  InitializeDevice: 'write',
  DeviceStatus: 'other',
  GetChallenge: 'other',
  EnumerateObjects: 'other',
  ReadBinary: 'other',
  UpdateBinary: 'write',
  DeleteFile: 'write',
  GenerateKeyPair: 'generate',
  GenerateSecretKey: 'generate',
  Sign: 'sign',
  Decipher: 'decipher',
  UseSecretKey: 'decipher',
  DeriveKey: 'generate',
  SetSecureMessaging: 'other',
  AuthenticateChip: 'authenticate',
  SetVerificationKey: 'other',
  VerifyCertificate: 'authenticate',
  AuthenticationStatus: 'other',
  RegisterAuthenticationKey: 'write',
  ReplaceAuthenticationKey: 'write',
  AuthenticationKeyInfo: 'other',
  SetAuthenticationKey: 'other',
  ExternalAuthenticate: 'authenticate',
  MakeSessionPin: 'other',
  QueryKeyDomain: 'other',
  ImportKeyShare: 'write',
  CreateKeyDomain: 'write',
  CreateGroupDomain: 'authenticate',
  DeleteKeyDomain: 'write',
  DeleteKeyEncryptionKey: 'write',
  AgreeDomainKey: 'decipher',
  WrapKey: 'other',
  UnwrapKey: 'write',
}

/** Kind of work of a command that was carried out; what the card refuses, it refuses quickly. */
export function kindOf(command: CommandName | undefined, succeeded: boolean): LatencyKind {
  return command !== undefined && succeeded ? kinds[command] : 'other'
}

/**
 * A model of a token with a JCOP 3 chip on USB: of the right order of magnitude for tests of scheduling and of time limits.
 * It is no measurement.
 */
export const realToken: Latency = ({ kind, key = { kind: 'ec', bits: 256 } }) => {
  const { bits } = key
  const use = { ec: 150 * (bits / 256) ** 2, rsa: 600 * (bits / 2048) ** 2, aes: 25 }[key.kind]
  switch (kind) {
    case 'sign':
    case 'decipher':
      return use
    case 'generate':
      // A real one looks for primes as long as it takes, minutes for the longest; here that has an end.
      return { ec: 600, rsa: Math.min(60_000, 15_000 * (bits / 2048) ** 3), aes: 60 }[key.kind]
    case 'authenticate':
      return 80
    case 'write':
      return 60
    case 'other':
      return 15
  }
}

const names = ['sign', 'decipher', 'generate', 'authenticate', 'write', 'other'] as const satisfies LatencyKind[]
const modelName = 'real-token'
const longestMs = 600_000

/**
 * `real-token`, or times in milliseconds such as `sign=150,generate=3000`; what is not named takes no time.
 *
 * @throws RangeError that says what is wrong with the text
 */
export function parseLatency(text: string): Latency {
  if (text === modelName) return realToken
  const times = new Map<string, number>()
  for (const part of text.split(',')) {
    const [, name = '', digits = ''] = /^\s*([a-z]+)\s*=\s*(\d+)\s*$/.exec(part) ?? []
    const ms = Number(digits)
    if (!(names as readonly string[]).includes(name) || ms > longestMs) {
      throw new RangeError(
        `wanted ${modelName}, or name=milliseconds with a name out of ${names.join(', ')} and at most ${longestMs} ms, ` +
          `such as sign=150,generate=3000; got ${JSON.stringify(part)}`,
      )
    }
    if (times.has(name)) throw new RangeError(`${name} is there twice in ${JSON.stringify(text)}`)
    times.set(name, ms)
  }
  return ({ kind }) => times.get(kind) ?? 0
}
