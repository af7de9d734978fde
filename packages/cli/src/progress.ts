/** Progress of work that takes seconds, on a terminal; elsewhere nothing is shown. */

const width = 24

/** @param work is given what to call with how much is done, from 0 to 1 */
export async function showProgress<T>(
  label: string,
  work: (progress: (done: number) => void) => Promise<T>,
): Promise<T> {
  const { stderr } = process
  if (!stderr.isTTY) return await work(() => {})
  const draw = (done: number) => {
    const full = Math.floor(done * width)
    stderr.write(
      `\r${label} ${'█'.repeat(full)}${'░'.repeat(width - full)} ${String(Math.floor(done * 100)).padStart(3)} %`,
    )
  }
  draw(0)
  try {
    return await work(draw)
  } finally {
    stderr.write('\r\x1b[K')
  }
}
