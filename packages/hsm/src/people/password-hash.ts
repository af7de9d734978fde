/**
 * Passwords as the database has them: Argon2id in a PHC string, `$argon2id$v=19$m=65536,t=3,p=4$SALT$HASH`.
 *
 * @see RFC 9106; https://github.com/P-H-C/phc-string-format
 * @module
 */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { HsmError } from '../errors.ts'
import { argon2Cost } from '../vault/master-key.ts'

export interface PasswordHash {
  /** KiB. */
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
  readonly salt: Uint8Array
  readonly hash: Uint8Array
}

const form = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,64})\$([A-Za-z0-9+/]{16,86})$/

export function phcString({ memory, passes, parallelism, salt, hash }: PasswordHash): string {
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(hash)}`
}

/** @throws RangeError */
export function parsePhcString(text: string): PasswordHash {
  const [, memory, passes, parallelism, salt, hash] = form.exec(text) ?? []
  const parsed = {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    salt: fromUnpadded(salt ?? ''),
    hash: fromUnpadded(hash ?? ''),
  }
  // Numbers and base64 have one form each.
  if (phcString(parsed) !== text) throw new RangeError('wanted a PHC string of Argon2id')
  return parsed
}

/** Two at a time leave threads and memory for everything else. */
const atOnce = 2
const mostWaiting = 30

let running = 0
const waiting: (() => void)[] = []

/** @throws HsmError `BUSY` */
async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= atOnce) {
    if (waiting.length >= mostWaiting)
      throw new HsmError('BUSY', 'too many passwords are being looked at', { retryAfterMs: 1_000 })
    await new Promise<void>(resolve => waiting.push(resolve))
  } else running++
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    if (next) next()
    else running--
  }
}

/** @throws HsmError `BUSY` */
export function hashPassword(password: string): Promise<string> {
  const salt = new Uint8Array(randomBytes(16))
  return inTurn(async () =>
    phcString({ ...argon2Cost, salt, hash: await digest(password, { ...argon2Cost, salt }, 32) }),
  )
}

/** Nobody's password: it costs who guesses a name as much time as a name that is there. */
const nobodys = phcString({ ...argon2Cost, salt: new Uint8Array(16), hash: new Uint8Array(32) })

/**
 * @param hash none: whoever it is has no password, which takes as long to find out
 * @throws HsmError `BUSY`
 */
export function isPassword(password: string, hash: string | undefined): Promise<boolean> {
  const wanted = parsePhcString(hash ?? nobodys)
  return inTurn(async () => {
    const equal = timingSafeEqual(await digest(password, wanted, wanted.hash.length), wanted.hash)
    return equal && hash !== undefined
  })
}

function digest(password: string, cost: Omit<PasswordHash, 'hash'>, tagLength: number): Promise<Uint8Array> {
  const { salt: nonce, memory, passes, parallelism } = cost
  // However it was typed: composed and decomposed accents are the same.
  const message = password.normalize('NFC')
  return promisify(argon2)('argon2id', { message, nonce, memory, passes, parallelism, tagLength })
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}

function fromUnpadded(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'))
}
