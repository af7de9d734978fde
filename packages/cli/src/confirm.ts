/** Questions before what cannot be undone. */
import { CliError } from './errors.ts'

/** @throws CliError unless the answer is yes */
export async function confirm(
  options: { readonly yes?: true },
  question: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (options.yes) return
  if (!process.stdin.isTTY) {
    throw new CliError('usage', `${question} There is no terminal to ask on`, ['if you are sure, add --yes'])
  }
  const prompts = await import('@clack/prompts')
  const answer = await prompts.confirm({
    message: question,
    initialValue: false,
    output: process.stderr,
    ...(signal && { signal }),
  })
  if (answer !== true) throw new CliError('interrupted', 'nothing was done')
}
