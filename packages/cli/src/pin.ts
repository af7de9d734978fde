/**
 * PINs and passwords: from a file, from an environment variable, or asked for on a terminal. Never from the command line, which other
 * users of the machine can read.
 */
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { CliError } from './errors.ts'
import { question } from './question.ts'

export interface Pin {
  /** Its options are `--NAME-file` and `--NAME-env`. */
  readonly name: 'pin' | 'to-pin' | 'new-pin' | 'so-pin' | 'new-so-pin' | 'password' | 'new-password' | 'data-password'
  /** In sentences. */
  readonly label: string
  readonly form: 'user' | 'so' | 'password'
  /** A PIN that is set rather than presented is asked for twice. */
  readonly isNew?: true
}

export const userPin: Pin = { name: 'pin', label: 'PIN', form: 'user' }
export const newPin: Pin = { name: 'new-pin', label: 'new PIN', form: 'user', isNew: true }
export const soPin: Pin = { name: 'so-pin', label: 'SO-PIN', form: 'so' }
export const newSoPin: Pin = { name: 'new-so-pin', label: 'new SO-PIN', form: 'so', isNew: true }

/** Values of the options that `pinOptions` declares, by commander's names for them. */
export type PinOptions = Partial<
  Record<`${'pin' | 'newPin' | 'soPin' | 'newSoPin' | 'password' | 'newPassword'}${'File' | 'Env'}`, string>
>

export function pinOptions(command: Command, ...pins: readonly Pin[]): Command {
  for (const { name, label } of pins) {
    command.option(`--${name}-file <file>`, `Read the ${label} from the first line of a file`)
    command.option(`--${name}-env <name>`, `Take the ${label} from an environment variable`)
  }
  return command
}

/**
 * The PIN as the options say, else asked for.
 *
 * @param note what who is asked should know
 */
export async function readPin(
  options: PinOptions,
  pin: Pin,
  signal: AbortSignal | undefined,
  note?: string,
): Promise<Uint8Array> {
  return (await givenPin(options, pin)) ?? pinBytes(pin, await ask(pin, signal, note))
}

/** The PIN as the options say, or undefined if they say nothing. */
export async function givenPin(options: PinOptions, pin: Pin): Promise<Uint8Array | undefined> {
  const key = pin.name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase())
  const { [`${key}File`]: file, [`${key}Env`]: variable } = options as Record<string, string | undefined>
  if (file !== undefined) return pinBytes(pin, await firstLine(file))
  return variable === undefined ? undefined : pinBytes(pin, variableValue(variable, pin.label))
}

export async function firstLine(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).split(/\r?\n/, 1)[0]!
}

/** @param what it is, in the error */
export function variableValue(name: string, what: string): string {
  const value = process.env[name]
  if (value === undefined)
    throw new CliError('pin', `there is no environment variable ${name} to take the ${what} from`)
  return value
}

/** @throws CliError if the text cannot be such a PIN */
export function pinBytes(pin: Pin, text: string): Uint8Array {
  const problem = problemOf(pin, text)
  if (problem !== undefined) throw new CliError('pin', `this cannot be a ${pin.label}: ${problem}`)
  return pin.form === 'so' ? Buffer.from(text, 'hex') : new TextEncoder().encode(text)
}

/** Of passwords that are set. Who has the file can try as many as he likes, and a program tries more than a person. */
const shortestPassword = 10

function problemOf({ form, isNew }: Pin, text: string): string | undefined {
  if (form === 'so') return /^[0-9a-f]{16}$/i.test(text) ? undefined : 'wanted 16 hexadecimal digits'
  const { length } = new TextEncoder().encode(text)
  if (form === 'password') {
    const least = isNew ? shortestPassword : 1
    return length >= least ? undefined : `wanted ${least} characters or more, got ${length}`
  }
  return length >= 6 && length <= 16 ? undefined : `wanted 6 to 16 characters, got ${length}`
}

async function ask(pin: Pin, signal: AbortSignal | undefined, note: string | undefined): Promise<string> {
  if (!process.stdin.isTTY) {
    const hint = `give it with --${pin.name}-file or --${pin.name}-env`
    throw new CliError('pin', `the ${pin.label} is needed, and there is no terminal to ask on`, [hint])
  }
  const first = await prompt(pin, note === undefined ? pin.label : `${pin.label}, ${note}`, signal)
  if (pin.isNew && (await prompt(pin, `${pin.label}, again`, signal)) !== first) {
    throw new CliError('pin', `the ${pin.label} was not the same both times`)
  }
  return first
}

function prompt(pin: Pin, label: string, signal: AbortSignal | undefined): Promise<string> {
  return askHidden(label, text => problemOf(pin, text), signal)
}

/**
 * What is typed is not shown.
 *
 * @param problem what is wrong with a text, if anything
 */
export async function askHidden(
  label: string,
  problem: (text: string) => string | undefined,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { isCancel, password } = await import('@clack/prompts')
  const message = label[0]!.toUpperCase() + label.slice(1)
  const validate = (text: string | undefined) => problem(text ?? '')
  const answer = await question(signal, signal => password({ message, validate, output: process.stderr, signal }))
  if (isCancel(answer)) throw new CliError('interrupted', `no ${label.split(',', 1)[0]} was given`)
  return answer ?? ''
}
