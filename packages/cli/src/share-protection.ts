/** A share put into a file: under a password, or under one that is split among custodians. */
import { lstat, mkdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { PasswordGroup, PasswordShare } from '@keytether/custody'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { writeNewFile } from './atomic-file.ts'
import { CliError } from './errors.ts'
import { fields, type OutputOptions, report } from './output.ts'
import { type Pin, type PinOptions, pinOptions, readPin } from './pin.ts'
import { showProgress } from './progress.ts'
import { extensions, printed, type SheetOptions, sheetOptions } from './sheet-output.ts'
import { showToCustodians } from './show-to-custodians.ts'

export interface ProtectionOptions extends SheetOptions {
  readonly split?: PasswordGroup
  readonly sheets?: string
}

/** @param password under which the share is put if it is not split */
export function protectionOptions(command: Command, password: Pin): Command {
  pinOptions(command, password)
  command.addOption(
    new Option(
      '--split <n-of-m>',
      'A random password instead, of which m custodians get shares; n of them open the file',
    )
      .argParser(group)
      .conflicts([`${option(password)}File`, `${option(password)}Env`]),
  )
  command.option('--sheets <folder>', 'Write the password shares to files in a folder instead of showing them')
  return sheetOptions(command)
}

function option({ name }: Pin): string {
  return name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase())
}

function group(text: string): PasswordGroup {
  const [, threshold, total] = /^(\d{1,2})-of-(\d{1,2})$/.exec(text)?.map(Number) ?? []
  if (threshold === undefined || total === undefined) throw new InvalidArgumentError('Wanted n-of-m, such as 2-of-3.')
  if (threshold < 2 || threshold > total) throw new InvalidArgumentError('Wanted n-of-m with n from 2 to m.')
  return { threshold, total }
}

/** Before any work: what would be written is not there yet, and there is a way to hand out password shares. */
export async function checkNew(file: string, options: ProtectionOptions): Promise<void> {
  const { split, sheets } = options
  if (sheets !== undefined && split === undefined) {
    throw new CliError('usage', '--sheets is for password shares', ['add --split, such as --split 2-of-3'])
  }
  for (const name of [file, ...sheetFiles(file, options)]) {
    const there = await lstat(name).then(
      () => true,
      error => error.code !== 'ENOENT',
    )
    if (there) throw new CliError('failed', `${name} is there already`, ['choose another name'])
  }
  if (split && sheets === undefined && !(process.stdin.isTTY && process.stderr.isTTY)) {
    const message = 'password shares are shown to one custodian after the other, and there is no terminal'
    throw new CliError('usage', message, ['write them to files with --sheets FOLDER'])
  }
}

/** Writes the file, and says so. The share is erased. */
export async function keepShare(
  share: Uint8Array,
  file: string,
  pin: Pin,
  options: ProtectionOptions & PinOptions & OutputOptions,
  signal: AbortSignal,
): Promise<void> {
  await checkNew(file, options)
  const { createShareFile } = await import('@keytether/custody')
  const { keyEncryptionKey } = await import('@keytether/card')
  const { split, sheets } = options
  const password = split ? await handOut(file, split, options, signal) : await readPin(options, pin, signal)
  try {
    const content = await showProgress(`Encrypting ${basename(file)}`, progress =>
      createShareFile(share, password, { progress, signal }),
    )
    await writeNewFile(file, content)
  } catch (error) {
    // Shares of a password that opens nothing would only be mistaken for others.
    for (const sheet of sheetFiles(file, options)) await rm(sheet, { force: true })
    throw error
  }
  const keyCheckValue = Buffer.from(keyEncryptionKey(share).keyCheckValue).toString('hex').toUpperCase()
  password.fill(0)
  share.fill(0)
  report(options, { file, keyCheckValue, ...split, sheets }, () => [
    ...fields([
      ['Share file', file],
      ['Key check value', `${keyCheckValue} of this share alone`],
      ['Opened by', split ? `${split.threshold} of ${split.total} custodians` : 'its password'],
      ['Password shares', sheets],
    ]),
  ])
}

/** Gives each custodian a share of a new password. @returns the password */
async function handOut(
  file: string,
  split: PasswordGroup,
  options: ProtectionOptions,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { passwordShareSheet, splitPassword } = await import('@keytether/custody')
  const { password, shares } = splitPassword(split)
  const sheet = (share: PasswordShare) => passwordShareSheet({ ...share, group: split }, basename(file))
  if (options.sheets === undefined) {
    await showToCustodians(
      shares.map(share =>
        printed(sheet(share), { format: 'text' }, { terminal: true, lines: process.stderr.rows - 1 }),
      ),
      signal,
    )
    return password
  }
  await mkdir(options.sheets, { recursive: true, mode: 0o700 })
  const names = sheetFiles(file, options)
  for (const [i, share] of shares.entries()) await writeNewFile(names[i]!, await printed(sheet(share), options))
  console.error(
    `Give each custodian one file of ${options.sheets} and delete it there: together they are the password.`,
  )
  return password
}

function sheetFiles(file: string, { split, sheets, format }: ProtectionOptions): string[] {
  if (split === undefined || sheets === undefined) return []
  const { total } = split
  const stem = basename(file).replace(/\.pbe$/, '')
  return Array.from({ length: total }, (_, i) => join(sheets, `${stem}-${i + 1}-of-${total}.${extensions[format]}`))
}
