/** Backups of tokens in files. */
import { createHash } from 'node:crypto'
import { lstat, readFile } from 'node:fs/promises'
import type { Backup } from '@keytether/custody'
import type { Inventory, StoredData, TokenContent } from '@keytether/driver'
import { writePrivateFile } from '../atomic-file.ts'
import { CliError } from '../errors.ts'

/** Before a card is asked for anything. */
export async function checkFree(file: string, force: true | undefined): Promise<void> {
  if (force) return
  const there = await lstat(file).then(
    () => true,
    error => error.code !== 'ENOENT',
  )
  if (there) throw new CliError('failed', `${file} is there already`, ['choose another name, or add --force'])
}

interface Source {
  readonly device: string
  readonly inventory: Inventory
  /** Under which private data is put; without it, it is left out. */
  readonly password: string | undefined
}

export async function backupOf(content: TokenContent, { device, inventory, password }: Source): Promise<Backup> {
  const { sealData } = await import('@keytether/custody')
  const seal = ({ content, ...data }: StoredData) => ({
    ...data,
    ...(content && password !== undefined && { sealed: sealData(content, password) }),
  })
  return {
    created: new Date().toISOString(),
    device,
    label: inventory.label,
    keyDomains: [...inventory.keyDomains],
    keys: [...content.keys],
    certificates: [...content.certificates],
    data: content.data.map(data => (data.private ? seal(data) : data)),
  }
}

/** @returns the SHA-256 hash of the file, as `sha256sum` prints it */
export async function writeBackup(file: string, backup: Backup): Promise<string> {
  const { encodeBackup } = await import('@keytether/custody')
  const bytes = encodeBackup(backup)
  await writePrivateFile(file, bytes)
  return hashOf(bytes)
}

/** @throws CliError for what is no backup, or a damaged one */
export async function readBackup(file: string): Promise<{ readonly backup: Backup; readonly hash: string }> {
  const { CustodyError, decodeBackup } = await import('@keytether/custody')
  const bytes = new Uint8Array(await readFile(file))
  try {
    return { backup: decodeBackup(bytes), hash: hashOf(bytes) }
  } catch (error) {
    if (error instanceof CustodyError) throw new CliError('failed', `${file}: ${error.message}`, [], { cause: error })
    throw error
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** What of a backup can be put on a card: private data only with its password. */
export async function contentOf(backup: Backup, password: string | undefined): Promise<TokenContent> {
  const { CustodyError, openData } = await import('@keytether/custody')
  const open = ({ sealed, ...data }: Backup['data'][number]): StoredData => {
    if (sealed === undefined) return data.content ? data : { ...data, obstacle: 'its content is not in the backup' }
    if (password === undefined) return { ...data, obstacle: 'it is private, and under a password: add --private-data' }
    try {
      return { ...data, content: openData(sealed, password) }
    } catch (error) {
      if (error instanceof CustodyError) throw new CliError('pin', error.message, [], { cause: error })
      throw error
    }
  }
  return { keys: backup.keys, certificates: backup.certificates, data: backup.data.map(open) }
}
