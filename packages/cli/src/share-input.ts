/**
 * Shares of a DKEK, out of the files of their custodians: each is opened with its password, or with password shares of a
 * group of custodians. What is not given by options is asked for.
 */
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { PasswordShare } from '@keytether/custody'
import type { Command } from 'commander'
import { CliError } from './errors.ts'
import { askPasswordShares } from './password-share-input.ts'
import { askHidden, firstLine, variableValue } from './pin.ts'
import { showProgress } from './progress.ts'

/** Passwords for share files, in the order of the files. */
export interface SharePasswordOptions {
  readonly passwordFile?: readonly string[]
  readonly passwordEnv?: readonly string[]
  readonly passwordShares?: readonly string[]
}

export interface ShareOptions extends SharePasswordOptions {
  readonly share?: readonly string[]
}

/** For commands that want shares; `readShares` reads them. */
export function shareOptions(command: Command): Command {
  command.option('--share <file>', 'A share of the key domain, as its custodian keeps it; once for each share', collect)
  return sharePasswordOptions(command)
}

/** For commands that are given a share file as an argument. */
export function sharePasswordOptions(command: Command): Command {
  return command
    .option('--password-file <file>', "Read a share file's password from the first line of a file", collect)
    .option('--password-env <name>', "Take a share file's password from an environment variable", collect)
    .option('--password-shares <file>', 'Read password shares from a file; once for each custodian', collect)
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value]
}

/**
 * The shares of all files that the options name, 32 bytes each.
 *
 * @throws CliError if a password is wrong
 */
export async function readShares(options: ShareOptions, signal: AbortSignal): Promise<Uint8Array[]> {
  const { share: files = [] } = options
  if (files.length === 0) throw new CliError('usage', 'no share was given', ['name the file of each with --share'])
  return await openShareFiles(files, options, signal)
}

/** The share in one file. */
export async function readShare(file: string, options: SharePasswordOptions, signal: AbortSignal): Promise<Uint8Array> {
  const [share] = await openShareFiles([file], options, signal)
  return share!
}

async function openShareFiles(
  files: readonly string[],
  options: SharePasswordOptions,
  signal: AbortSignal,
): Promise<Uint8Array[]> {
  const contents: Uint8Array[] = []
  for (const file of files) contents.push(await readShareFileContent(file))
  const passwords = await givenPasswords(options)
  if (passwords.length > files.length) {
    throw new CliError('usage', `${passwords.length} passwords were given for ${files.length} share files`)
  }
  const groups = await givenGroups(options)
  const shares: Uint8Array[] = []
  for (const [i, file] of files.entries()) {
    const password = passwords[i]
    const opening = { file, content: contents[i]!, signal }
    if (password !== undefined) shares.push((await tryPassword(opening, password)) ?? wrongPassword(file))
    else if (groups.length > 0) shares.push(await openWithGroups(opening, groups))
    else shares.push(await openWithAnswers(opening))
  }
  return shares
}

/** @throws CliError for what is no share file */
export async function readShareFileContent(file: string): Promise<Uint8Array> {
  const { CustodyError, parseShareFile } = await import('@keytether/custody')
  const content = await readFile(file)
  try {
    parseShareFile(content)
  } catch (error) {
    if (error instanceof CustodyError) throw new CliError('failed', `${file}: ${error.message}`, [], { cause: error })
    throw error
  }
  return content
}

async function givenPasswords({ passwordFile = [], passwordEnv = [] }: SharePasswordOptions): Promise<Uint8Array[]> {
  const texts = passwordEnv.map(name => variableValue(name, 'password'))
  for (const file of passwordFile.toReversed()) texts.unshift(await firstLine(file))
  return texts.map(text => new TextEncoder().encode(text))
}

/** Password shares that belong together. */
async function givenGroups({ passwordShares = [] }: SharePasswordOptions): Promise<PasswordShare[][]> {
  const { readPasswordShares } = await import('@keytether/custody')
  const shares: PasswordShare[] = []
  for (const file of passwordShares) shares.push(...readPasswordShares(await readFile(file, 'utf8')))
  return [...Map.groupBy(shares, ({ prime }) => prime).values()]
}

interface Opening {
  readonly file: string
  readonly content: Uint8Array
  readonly signal: AbortSignal
}

async function openWithGroups(opening: Opening, groups: readonly PasswordShare[][]): Promise<Uint8Array> {
  for (const group of groups) {
    const share = await tryPasswordShares(opening, group)
    if (share !== undefined) return share
  }
  throw new CliError('pin', `${opening.file}: the password shares do not open it`, wrongSharesHints)
}

const wrongSharesHints = [
  'one of them may be mistyped or of another file, or more are needed',
  'the file itself may be damaged: `keytether share restore` makes it again from its sheet',
]

async function openWithAnswers(opening: Opening): Promise<Uint8Array> {
  const { file, signal } = opening
  if (!process.stdin.isTTY) {
    const hint = 'give it with --password-file, --password-env or --password-shares'
    throw new CliError('pin', `the password of ${file} is needed, and there is no terminal to ask on`, [hint])
  }
  const label = `password of ${basename(file)}, or nothing if custodians have shares of it`
  const text = await askHidden(label, () => undefined, signal)
  if (text !== '') return (await tryPassword(opening, new TextEncoder().encode(text))) ?? wrongPassword(file)
  return await openWithGroups(opening, [await askPasswordShares(signal)])
}

function wrongPassword(file: string): never {
  throw new CliError('pin', `${file}: wrong password, or the file is damaged`)
}

async function tryPasswordShares(opening: Opening, shares: readonly PasswordShare[]): Promise<Uint8Array | undefined> {
  const { joinPassword } = await import('@keytether/custody')
  for (const password of joinPassword(shares)) {
    const share = await tryPassword(opening, password)
    if (share !== undefined) return share
  }
  return undefined
}

async function tryPassword({ file, content, signal }: Opening, password: Uint8Array): Promise<Uint8Array | undefined> {
  const { readShareFile } = await import('@keytether/custody')
  const reading = await showProgress(`Opening ${basename(file)}`, progress =>
    readShareFile(content, password, { progress, signal }),
  )
  password.fill(0)
  return reading.status === 'ok' ? reading.share : undefined
}
