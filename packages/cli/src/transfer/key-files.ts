/** Keys and certificates out of key files, and what of them no card can take. */
import { readFile } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import type { KeyFile, KeyFileKey } from '@keytether/custody'
import { CliError } from '../errors.ts'
import { printable } from '../output.ts'
import { askKeyPassword, givenKeyPasswords, type KeyPasswordOptions } from './key-file-password.ts'

export interface KeyFilesOptions extends KeyPasswordOptions {
  readonly partial?: true
}

/** A key with what it is to be called. */
export interface LabelledKey extends KeyFileKey {
  readonly label: string
}

export interface KeyFiles {
  readonly keys: readonly LabelledKey[]
  readonly issuers: KeyFile['issuers']
}

/**
 * All that cards can take. What is there twice counts once.
 *
 * @throws CliError if a file has keys that no card can take, unless that is no failure
 */
export async function readKeyFiles(files: readonly string[], options: KeyFilesOptions): Promise<KeyFiles> {
  const passwords = await givenKeyPasswords(options, files.length)
  const keys: LabelledKey[] = []
  const issuers: KeyFile['issuers'][number][] = []
  const refused: string[] = []
  for (const [index, file] of files.entries()) {
    const read = await openKeyFile(file, passwords[index])
    refused.push(...refusals(file, read))
    for (const key of labelled(file, read))
      if (!keys.some(known => isSame(known.publicKey, key.publicKey))) keys.push(key)
    for (const issuer of read.issuers) {
      if (!issuers.some(known => isSame(known.certificate, issuer.certificate))) issuers.push(issuer)
    }
  }
  if (refused.length > 0 && !options.partial) {
    throw new CliError('incomplete', `${refused.length} of the keys cannot be imported, and none was`, [
      ...refused,
      'to import the others, add --partial',
    ])
  }
  for (const line of refused) console.error(`not imported: ${line}`)
  if (keys.length === 0) throw new CliError('failed', 'there is no key that a card can have')
  return { keys, issuers }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

function refusals(file: string, { keys, secrets }: KeyFile): string[] {
  return [
    ...keys
      .filter(({ obstacle }) => obstacle !== undefined)
      .map(({ label, type, obstacle }) => `${file}: ${label ? printable(label) : 'a key'}, ${type}: ${obstacle}`),
    ...secrets.map(name => `${file}: ${printable(name)}: secret keys of key files are not supported`),
  ]
}

/** A key that the file does not name is called as the file is. */
function labelled(file: string, { keys }: KeyFile): LabelledKey[] {
  const name = basename(file, extname(file))
  return keys
    .filter(({ obstacle }) => obstacle === undefined)
    .map((key, index, all) => ({ ...key, label: key.label ?? (all.length > 1 ? `${name} ${index + 1}` : name) }))
}

async function openKeyFile(file: string, given: string | undefined): Promise<KeyFile> {
  const { CustodyError, readKeyFile } = await import('@keytether/custody')
  const content = await readFile(file)
  try {
    // Some key files have an empty password, which nobody needs to be asked for.
    return await readKeyFile(content, async () => given ?? '').catch(error => {
      if (given !== undefined || error.code !== 'WRONG_PASSWORD') throw error
      return readKeyFile(content, () => askKeyPassword(file))
    })
  } catch (error) {
    if (!(error instanceof CustodyError)) throw error
    const code = error.code === 'WRONG_PASSWORD' ? 'pin' : 'failed'
    throw new CliError(code, `${file}: ${error.message}`, [], { cause: error })
  } finally {
    content.fill(0)
  }
}
