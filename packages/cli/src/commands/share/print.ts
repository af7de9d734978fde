/** `keytether share print`. */
import { basename } from 'node:path'
import type { Command } from 'commander'
import { writeNewFile } from '../../atomic-file.ts'
import { writeContent } from '../../bytes-io.ts'
import { examples } from '../../examples.ts'
import { readShareFileContent } from '../../share-input.ts'
import { printed, type SheetOptions, sheetOptions } from '../../sheet-output.ts'

interface PrintOptions extends SheetOptions {
  readonly out?: string
}

export function print(share: Command): void {
  const command = share
    .command('print')
    .description('A share file for paper: as words, as base64 and as a QR code. It stays encrypted')
    .argument('<file>', 'The file with the share')
  sheetOptions(command).option('--out <file>', 'Write to a file instead of standard output').action(run)
  examples(command, [
    ['keytether share print web-1.pbe', 'on the terminal, to be written down'],
    ['keytether share print web-1.pbe --format html --out web-1.html', 'for a printer, by way of a browser'],
  ])
}

async function run(file: string, options: PrintOptions): Promise<void> {
  const content = await readShareFileContent(file)
  const { shareFileSheet } = await import('@keytether/custody')
  const terminal = options.out === undefined && process.stdout.isTTY
  const sheet = await printed(shareFileSheet(content, basename(file)), options, { terminal })
  await (options.out === undefined ? writeContent(undefined, sheet) : writeNewFile(options.out, sheet))
}
