/** `keytether card unwrap`. */
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { WrappedKeyFile } from '@keytether/card'
import { type Command, InvalidArgumentError } from 'commander'
import { type CardOptions, cardOptions, withCard } from '../../card-access.ts'
import { CliError, explain } from '../../errors.ts'
import { examples } from '../../examples.ts'
import { keyDocument, keyId, keyType } from '../../keys.ts'
import { type LoginOptions, login, loginOptions } from '../../login.ts'
import { type OutputOptions, outputOptions, printable, report } from '../../output.ts'

interface UnwrapOptions extends CardOptions, LoginOptions, OutputOptions {
  readonly reference?: number
  readonly label?: string
}

export function unwrap(card: Command): void {
  const command = card
    .command('unwrap')
    .description('Take keys in out of files of `card wrap` or sc-hsm-tool, and use each once to see that it is right')
    .argument('<file...>', 'Files with a wrapped key each')
    .option(
      '--reference <number>',
      'Where to put the key, 1 to 255; default where it was, or where it is free',
      reference,
    )
    .option('--label <text>', 'What to call the key; default as before')
  outputOptions(loginOptions(cardOptions(command))).action(run)
  examples(command, [
    ['keytether card unwrap web.wrapped', 'a key, with its label and its certificate'],
    ['keytether card unwrap web.wrapped --label web-2 --reference 7', 'the same under another name'],
  ])
}

async function run(files: readonly string[], options: UnwrapOptions): Promise<void> {
  const { reference, label } = options
  if (files.length > 1 && (reference ?? label) !== undefined) {
    throw new CliError('usage', '--reference and --label are for one file alone')
  }
  const wrapped: WrappedKeyFile[] = []
  for (const file of files) wrapped.push(await readWrapped(file))
  await withCard(options, async (device, signal) => {
    await login(device, options, signal)
    const { keyDomains } = await device.inventory()
    const place = { ...(reference !== undefined && { reference }), ...(label !== undefined && { label }) }
    const documents: unknown[] = []
    for (const [index, each] of wrapped.entries()) {
      const file = basename(files[index]!)
      const key = await device.unwrapKey(each, place).catch(because(file))
      documents.push(await keyDocument(key, keyDomains))
      if (!options.json)
        console.log(`${file}: key ${key.reference}, ${keyType(key)}, ${printable(key.label)}, id ${keyId(key)}`)
    }
    report(options, documents, () => [])
  })
}

/** Of several files, which one it was. */
function because(file: string): (error: unknown) => never {
  return error => {
    const { code, message, hints } = explain(error)
    throw new CliError(code, `${file}: ${message}`, hints, { cause: error })
  }
}

async function readWrapped(file: string): Promise<WrappedKeyFile> {
  const { WrappedKeyFile } = await import('@keytether/card')
  const { DecodeError, decode } = await import('@keytether/codec')
  const content = await readFile(file)
  try {
    return decode(WrappedKeyFile, content, { lengths: 'any' })
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause
    throw new CliError('failed', `${file} is no wrapped key: ${cause.message}`, [], { cause })
  }
}

function reference(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > 0xff) throw new InvalidArgumentError('Wanted 1 to 255.')
  return value
}
