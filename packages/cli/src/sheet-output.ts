/** Sheets of paper: in which form they are printed. */
import type { Sheet, TextOptions } from '@keytether/custody'
import { type Command, Option } from 'commander'

const formats = ['text', 'svg', 'html'] as const

export interface SheetOptions {
  readonly format: (typeof formats)[number]
}

export function sheetOptions(command: Command): Command {
  return command.addOption(new Option('--format <format>', 'How to write the sheet').choices(formats).default('text'))
}

export async function printed(sheet: Sheet, { format }: SheetOptions, options: TextOptions = {}): Promise<string> {
  const { printHtml, printSvg, printText } = await import('@keytether/custody')
  if (format === 'svg') return printSvg(sheet)
  return format === 'html' ? printHtml(sheet) : printText(sheet, options)
}

export const extensions: Record<SheetOptions['format'], string> = { text: 'txt', svg: 'svg', html: 'html' }
