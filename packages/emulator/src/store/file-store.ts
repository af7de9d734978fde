/** The state of an emulated card in a file: encrypted, replaced as a whole, used by one process at a time. */
import { randomBytes } from 'node:crypto'
import { open, readFile, realpath, rename } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { DecodeError, decode, equal, fromHex, Reader, toHex } from '@keytether/codec'
import { EmulatorError } from '../errors.ts'
import { FileLock } from './file-lock.ts'
import {
  formatVersion,
  greatestCost,
  type KeySource,
  keyCheckOf,
  keyOfPassphrase,
  keySize,
  newPassphraseSource,
  Preamble,
  SealedFile,
  seal,
  unseal,
} from './sealed-file.ts'
import type { Store } from './store.ts'

export interface FileStoreOptions {
  /**
   * Encrypts the state. Without it, a random key does that, which is made with the state and kept beside it in
   * `<path>.key`, for this user alone.
   */
  readonly passphrase?: string
}

/**
 * The state in a file, or the place for a new one. While it is open, `<path>.lock` is locked.
 *
 * What is in the file cannot be read or changed without the key; but who puts back an older copy brings back its keys and
 * the tries of its PINs.
 *
 * Loading throws an EmulatorError `IN_USE`, `KEY` or `DAMAGED`, and the file is then left as it is.
 */
export function fileStore(path: string, options: FileStoreOptions = {}): Store {
  return new FileStore(resolve(path), options)
}

interface Key {
  readonly source: KeySource
  readonly bytes: Uint8Array
}

class FileStore implements Store {
  readonly name: string
  readonly #passphrase: string | undefined
  /** Where links lead: however the file is called, it has one lock. */
  #path: string
  #lock: FileLock | undefined
  #key: Key | undefined

  constructor(path: string, { passphrase }: FileStoreOptions) {
    this.name = path
    this.#path = path
    this.#passphrase = passphrase
  }

  get #keyPath(): string {
    return `${this.#path}.key`
  }

  async load(): Promise<Uint8Array | undefined> {
    this.#path = await realpath(this.name).catch(unlessMissing(this.name))
    const lock = await FileLock.take(`${this.#path}.lock`)
    if (!(lock instanceof FileLock)) {
      throw new EmulatorError('IN_USE', `${this.name} is in use by ${lock.holder}: end that one, or use another file`)
    }
    this.#lock = lock
    try {
      const content = await readIfThere(this.#path)
      return content && (await this.#open(content))
    } catch (error) {
      await this.close()
      throw error
    }
  }

  async save(state: Uint8Array): Promise<void> {
    this.#key ??= await this.#makeKey()
    await replaceFile(this.#path, seal(this.#key.bytes, this.#key.source, state))
  }

  async close(): Promise<void> {
    const lock = this.#lock
    this.#lock = undefined
    await lock?.release()
  }

  async #open(content: Uint8Array): Promise<Uint8Array> {
    const file = this.#decode(content)
    const { keySource, keyCheck } = file.header
    const bytes = await this.#keyFor(keySource)
    if (!equal(keyCheckOf(bytes), keyCheck)) {
      const wrong = keySource.kind === 'keyFile' ? `${this.#keyPath} is the key of another card` : 'wrong passphrase'
      throw new EmulatorError('KEY', `${this.name} cannot be opened: ${wrong}`)
    }
    const state = unseal(bytes, file)
    if (state === undefined) throw this.#damaged('its content was changed')
    this.#key = { source: keySource, bytes }
    return state
  }

  #decode(content: Uint8Array): SealedFile {
    const version = this.#versionOf(content)
    if (version !== formatVersion) throw this.#damaged(`it has format ${version}, this program knows ${formatVersion}`)
    try {
      return decode(SealedFile, content)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      throw this.#damaged(error.message, error)
    }
  }

  #versionOf(content: Uint8Array): number {
    try {
      return Preamble.read(new Reader(content)).version
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      // What stands there instead is nobody's business: it may be any file.
      throw this.#damaged('it does not begin as one does')
    }
  }

  #damaged(reason: string, cause?: unknown): EmulatorError {
    return new EmulatorError(
      'DAMAGED',
      `${this.name} is not the state of an emulated card (${reason}): restore it from a copy, or use another file`,
      { cause },
    )
  }

  async #keyFor(source: KeySource): Promise<Uint8Array> {
    if (source.kind === 'keyFile') {
      if (this.#passphrase !== undefined) {
        throw new EmulatorError('KEY', `${this.name} is opened by its key ${this.#keyPath}, not by a passphrase`)
      }
      const key = await this.#readKey()
      if (key) return key
      throw new EmulatorError(
        'KEY',
        `${this.name} cannot be opened without its key ${this.#keyPath}, which is not there`,
      )
    }
    if (this.#passphrase === undefined) throw new EmulatorError('KEY', `${this.name} is opened by a passphrase`)
    if (source.value.cost > greatestCost) throw this.#damaged(`it asks for 2^${source.value.cost} rounds of scrypt`)
    return keyOfPassphrase(this.#passphrase, source.value)
  }

  async #makeKey(): Promise<Key> {
    if (this.#passphrase !== undefined) {
      const source = newPassphraseSource()
      return { source, bytes: await keyOfPassphrase(this.#passphrase, source.value) }
    }
    const source = { kind: 'keyFile', value: undefined } as const
    const found = await this.#readKey()
    if (found) return { source, bytes: found }
    const bytes = new Uint8Array(randomBytes(keySize))
    await replaceFile(this.#keyPath, new TextEncoder().encode(`${toHex(bytes)}\n`))
    return { source, bytes }
  }

  async #readKey(): Promise<Uint8Array | undefined> {
    const content = await readIfThere(this.#keyPath)
    if (content === undefined) return undefined
    const text = new TextDecoder().decode(content).trim()
    if (text.length === 2 * keySize && /^[0-9a-f]*$/i.test(text)) return fromHex(text)
    throw new EmulatorError(
      'KEY',
      `${this.#keyPath} is no key (${2 * keySize} hexadecimal digits): restore it from a copy`,
    )
  }
}

function readIfThere(path: string): Promise<Uint8Array | undefined> {
  return readFile(path).catch(unlessMissing(undefined))
}

function unlessMissing<T>(instead: T): (error: NodeJS.ErrnoException) => T {
  return error => {
    if (error.code === 'ENOENT') return instead
    throw error
  }
}

/** The new content, whole and durable, or still the old. Who calls has the lock: one draft is enough. */
async function replaceFile(path: string, content: Uint8Array): Promise<void> {
  const draft = `${path}.draft`
  {
    await using file = await open(draft, 'w', 0o600)
    await file.writeFile(content)
    await file.sync()
  }
  await rename(draft, path)
  await using folder = await open(dirname(path))
  await folder.sync()
}
