/** The master key of a service: words that somebody knows, or a key in a file. */
import type { BodyInput, Operations } from '@keytether/api'
import type { Command } from 'commander'
import { CliError } from '../errors.ts'
import { askHidden, firstLine } from '../pin.ts'

type MasterKey = BodyInput<Operations['unseal']>

/** The one that is, and the one that comes in its place. */
type Which = 'passphrase' | 'new-passphrase'

const keyOption = { passphrase: 'key-file', 'new-passphrase': 'new-key-file' } as const
const optionKeys = {
  passphrase: { words: 'passphraseFile', key: 'keyFile' },
  'new-passphrase': { words: 'newPassphraseFile', key: 'newKeyFile' },
} as const

export type MasterKeyOptions = Partial<
  Record<'passphraseFile' | 'keyFile' | 'newPassphraseFile' | 'newKeyFile', string>
>

export function masterKeyOptions(command: Command, which: Which): Command {
  const what = which === 'passphrase' ? 'passphrase' : 'new passphrase'
  return command
    .option(`--${which}-file <file>`, `Read the ${what} from the first line of a file; default: it is asked for`)
    .option(`--${keyOption[which]} <file>`, 'Or a key: 64 hexadecimal digits in a file')
}

/** @param isNew nobody has to remember it yet: it is asked for twice */
export async function readMasterKey(
  options: MasterKeyOptions,
  which: Which,
  isNew: boolean,
  signal: AbortSignal,
): Promise<MasterKey> {
  const { words, key } = optionKeys[which]
  const [wordsFile, keyFile] = [options[words], options[key]]
  if (wordsFile !== undefined && keyFile !== undefined) {
    throw new CliError('usage', `--${which}-file and --${keyOption[which]} are two ways: give one`)
  }
  if (wordsFile !== undefined) return { passphrase: await firstLine(wordsFile) }
  if (keyFile === undefined) return { passphrase: await ask(which, isNew, signal) }
  const digits = (await firstLine(keyFile)).trim()
  if (!/^[0-9a-f]{64}$/i.test(digits)) throw new CliError('pin', `wanted 64 hexadecimal digits in ${keyFile}`)
  return { key: digits }
}

async function ask(which: Which, isNew: boolean, signal: AbortSignal): Promise<string> {
  const label = which === 'passphrase' && !isNew ? 'passphrase of the service' : 'new passphrase of the service'
  if (!process.stdin.isTTY) {
    const hint = `give it with --${which}-file or --${keyOption[which]}`
    throw new CliError('pin', `the ${label} is needed, and there is no terminal to ask on`, [hint])
  }
  const least = isNew ? 12 : 1
  const problem = (text: string) => ([...text].length < least ? `wanted ${least} characters or more` : undefined)
  const first = await askHidden(label, problem, signal)
  if (isNew && (await askHidden(`${label}, again`, problem, signal)) !== first) {
    throw new CliError('pin', 'the passphrase was not the same both times')
  }
  return first
}
