/** Questions on a terminal, which end when its input does. */

/**
 * Ctrl-D closes the input under a question, which then waits for what cannot come: nothing is left to wake the process.
 * It is taken for a refusal.
 *
 * @param ask is to give its signal to the prompt
 */
export async function question<T>(
  signal: AbortSignal | undefined,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ended = new AbortController()
  const onEnd = () => ended.abort()
  process.once('beforeExit', onEnd)
  try {
    return await ask(signal ? AbortSignal.any([signal, ended.signal]) : ended.signal)
  } finally {
    process.off('beforeExit', onEnd)
  }
}
