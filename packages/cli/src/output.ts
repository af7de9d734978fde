/** What commands print: lines for people, or with `--json` one document, or one line of JSON for each event. */
import { styleText } from 'node:util'
import type { Command } from 'commander'

export interface OutputOptions {
  readonly json?: true
}

export function outputOptions(command: Command, what = 'Print one JSON document'): Command {
  return command.option('--json', what)
}

/** @param lines for people; computed only if they are wanted */
export function report(options: OutputOptions, document: unknown, lines: () => readonly string[]): void {
  if (options.json) console.log(JSON.stringify(document, undefined, 2))
  else for (const line of lines()) console.log(line)
}

/** One event of a command that goes on: `event` names it for programs, `line` says it to people, if it is worth it. */
export type Report = (
  event: { readonly event: string; readonly [field: string]: unknown },
  line: string | undefined,
) => void

export function reporter(options: OutputOptions): Report {
  return (event, line) => {
    if (options.json) console.log(JSON.stringify(event))
    else if (line !== undefined) console.log(line)
  }
}

/**
 * Names and values, the values below each other.
 *
 * @param least how wide the names are at least
 */
export function fields(rows: readonly (readonly [name: string, value: string | undefined])[], least = 0): string[] {
  const shown = rows.filter((row): row is [string, string] => row[1] !== undefined)
  const width = Math.max(least, ...shown.map(([name]) => name.length))
  return shown.map(([name, value]) => `${name.padEnd(width)} : ${value.replaceAll('\n', `\n${' '.repeat(width + 3)}`)}`)
}

/**
 * Columns as wide as they need to be, with a head.
 *
 * @param none said in place of an empty table
 */
export function table(head: readonly string[], rows: readonly (readonly string[])[], none = 'there is none'): string[] {
  if (rows.length === 0) return [none]
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map(row => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd()
  return [styleText('dim', line(head)), ...rows.map(line)]
}

/** Text from strangers, without what would make a terminal do anything but print, or show it in another order. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '?')
}
