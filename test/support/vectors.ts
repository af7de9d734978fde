/** The files of test vectors; their origin is in the README beside them. */
import { readFileSync } from 'node:fs'

/** The content of a file in test/vectors. */
export function vectors<T>(file: `${string}.json`): T {
  return JSON.parse(readFileSync(new URL(`../vectors/${file}`, import.meta.url), 'utf8'))
}
