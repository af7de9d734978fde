/** How the benchmarks measure and what they print: a figure, and beside it a limit or a peer measured in the same run. */

export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** What the figure is held against, measured in the same run. */
  readonly beside?: { readonly name: string; readonly value: number } | undefined
  /** What is aimed at on two cores: at least, or with `atMost` at most. */
  readonly aim?: number | undefined
  readonly atMost?: boolean
}

/** Prints one line of a figure: value, ratio to what it is held against, and the aim. */
export function print({ name, value, unit, beside, aim, atMost }: Figure): void {
  const columns = [name.padEnd(44), format(value).padStart(10), unit.padEnd(8)]
  if (beside) columns.push(`${(value / beside.value).toFixed(2)} x ${beside.name} (${format(beside.value)})`)
  if (aim !== undefined) columns.push(`aim ${atMost ? '<' : '>='} ${format(aim)}`)
  console.log(columns.join(' ').trimEnd())
}

function format(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return value.toFixed(2)
}

/** Heading of a group of figures. */
export function heading(text: string): void {
  console.log(`\n${text}`)
}

/**
 * How often a second the operation runs, one at a time, after a warm-up: the median of five slices, so that a pause of the
 * machine does not decide.
 */
export async function rate(operation: () => unknown, seconds = 2): Promise<number> {
  const slice = (seconds * 1000) / 5
  await run(operation, slice / 2)
  const rates: number[] = []
  for (let i = 0; i < 5; i++) rates.push(await run(operation, slice))
  return rates.sort((a, b) => a - b)[2]!
}

async function run(operation: () => unknown, milliseconds: number): Promise<number> {
  const started = performance.now()
  let count = 0
  let elapsed = 0
  while (elapsed < milliseconds) {
    const result = operation()
    if (result instanceof Promise) await result
    count++
    elapsed = performance.now() - started
  }
  return (count * 1000) / elapsed
}
