/** Questions before what cannot be undone. */
import { CliError } from './errors.ts'
import { question } from './question.ts'

/** @throws CliError unless the answer is yes */
export async function confirm(
  options: { readonly yes?: true },
  message: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (options.yes) return
  if (!process.stdin.isTTY) {
    throw new CliError('usage', `${message} There is no terminal to ask on`, ['if you are sure, add --yes'])
  }
  const prompts = await import('@clack/prompts')
  const answer = await question(signal, signal =>
    prompts.confirm({ message, initialValue: false, output: process.stderr, signal }),
  )
  if (answer !== true) throw new CliError('interrupted', 'nothing was done')
}
