/** `keytether share restore`. */
import type { Command } from 'commander'
import { writeNewFile } from '../../atomic-file.ts'
import { readContent, writeContent } from '../../bytes-io.ts'
import { CliError } from '../../errors.ts'
import { examples } from '../../examples.ts'

export function restore(share: Command): void {
  const command = share
    .command('restore')
    .description('Make a share file again from its sheet: the words, or the base64')
    .argument('[sheet...]', 'Files with what was typed in or scanned; default standard input')
    .option('--out <file>', 'Write to a file instead of standard output')
    .action(run)
  examples(command, [
    ['keytether share restore --out web-1.pbe', 'type the rows of words, each with its number, then Ctrl-D'],
    ['keytether share restore scanned.txt > web-1.pbe', 'what a camera read from the QR code'],
  ])
}

async function run(sheets: readonly string[], options: { readonly out?: string }): Promise<void> {
  if (sheets.length === 0 && process.stdin.isTTY) {
    console.error('Type the rows of words, or the rows of base64, with their numbers and checks. Then Ctrl-D.')
  }
  const { CustodyError, readShareFileSheet } = await import('@keytether/custody')
  const texts: string[] = []
  for (const sheet of sheets.length > 0 ? sheets : [undefined])
    texts.push(Buffer.from(await readContent(sheet)).toString())
  try {
    const content = readShareFileSheet(texts.join('\n'))
    await (options.out === undefined ? writeContent(undefined, content) : writeNewFile(options.out, content))
  } catch (error) {
    if (!(error instanceof CustodyError)) throw error
    throw new CliError('failed', error.message, [], { cause: error })
  }
}
