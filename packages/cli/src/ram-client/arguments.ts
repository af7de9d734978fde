/** The arguments of `ram-client`, read as the C program of this name reads them. */

export interface Arguments {
  readonly url: string | undefined
  readonly reader: string | undefined
  readonly listReaders: boolean
  readonly verbose: boolean
  readonly pin: string | undefined
  /** `-` is standard input. */
  readonly pinFile: string | undefined
}

const usage = [
  'ram-client [option] <URL>',
  '',
  '  -r, --reader         Select reader name',
  '  -l, --list-readers   List available card readers',
  '  -v, --verbose        Tell us what you do',
]

const longNames = { reader: '--reader', pin: '--pin', pinFile: '--pin-file' } as const
const withValue: Record<string, keyof typeof longNames> = {
  '-r': 'reader',
  '--reader': 'reader',
  '-p': 'pin',
  '--pin': 'pin',
  '--pin-file': 'pinFile',
}
const flags: Record<string, 'listReaders' | 'verbose'> = {
  '-l': 'listReaders',
  '--list-readers': 'listReaders',
  '-v': 'verbose',
  '--verbose': 'verbose',
}
const maxPin = 16

/** @returns the lines to print where they cannot be understood */
export function readArguments(args: readonly string[]): Arguments | readonly string[] {
  const values: { reader?: string; pin?: string; pinFile?: string } = {}
  const given = { listReaders: false, verbose: false }
  let url: string | undefined
  const left = [...args]
  for (let arg = left.shift(); arg !== undefined; arg = left.shift()) {
    const name = withValue[arg]
    const flag = flags[arg]
    if (name) {
      const value = left.shift()
      if (value === undefined) return [`Argument for ${longNames[name]} missing`, ...usage]
      values[name] = value
    } else if (flag) given[flag] = true
    else if (arg.startsWith('-')) return [`Unknown argument ${arg}`, ...usage]
    else url = arg
  }
  if ((values.pin?.length ?? 0) > maxPin) return ['PIN length must not exceed 16 digits']
  const { reader, pin, pinFile } = values
  return { url, reader, pin, pinFile, ...given }
}
