/** Secrets on a terminal, each for one person: what one has seen is gone before the next one looks. */
import { createInterface } from 'node:readline/promises'
import { CliError } from './errors.ts'

// The second screen of a terminal leaves nothing to scroll back to.
const enter = '\x1b[?1049h\x1b[2J\x1b[H'
const leave = '\x1b[2J\x1b[?1049l'

export async function showToCustodians(pages: readonly Promise<string>[], signal: AbortSignal): Promise<void> {
  const { stdin: input, stderr: output } = process
  const lines = createInterface({ input, output })
  const closed = new AbortController()
  lines.once('close', () => closed.abort())
  const ask = (text: string) => lines.question(text, { signal: AbortSignal.any([signal, closed.signal]) })
  let shown = false
  try {
    for (const [i, page] of pages.entries()) {
      await ask(`Custodian ${i + 1} of ${pages.length}: press Enter when nobody else sees the screen. `)
      output.write(`${enter}${await page}`)
      shown = true
      await ask(`Custodian ${i + 1}: write it down or scan it, then press Enter; it is not shown again. `)
      output.write(leave)
      shown = false
    }
  } catch (cause) {
    throw new CliError('interrupted', 'nothing was kept: what has been shown so far is of no use', [], { cause })
  } finally {
    if (shown) output.write(leave)
    lines.close()
  }
}
