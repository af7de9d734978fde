/** A ceremony in lines. */
import type { Ceremony } from '@keytether/api'
import { fields, printable } from '../../output.ts'

export function ceremonyLines({ id, words, devices, domain, imports }: Ceremony): string[] {
  return [
    ...fields([
      ['Ceremony', id],
      ['State', printable(words)],
      ['Key domain', String(domain)],
      ...devices.map(({ name, outstanding, keyCheckValue }): readonly [string, string] => [
        printable(name),
        keyCheckValue === undefined ? `misses ${outstanding}` : `key check value ${keyCheckValue}`,
      ]),
      ...imports.map(({ name, at, done }, index): readonly [string, string] => [
        `Share ${index + 1}`,
        `${printable(name)}, ${at}${done ? '' : ', interrupted'}`,
      ]),
    ]),
  ]
}
