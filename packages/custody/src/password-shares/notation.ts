/** Password shares as sc-hsm-tool prints them, three lines each. */
import type { PasswordShare } from './password-shares.ts'

export function printNotation({ prime, id, value }: PasswordShare): string[] {
  return [`Prime       : ${hexadecimal(prime)}`, `Share ID    : ${id}`, `Share value : ${hexadecimal(value)}`]
}

/** Up to 64 bits. */
const number = '[0-9a-f]{2}(?::?[0-9a-f]{2}){0,7}'
const id = '[0-9a-f]{1,3}'
const block = new RegExp(
  `Prime\\s*:\\s*(${number})\\s+Share ID\\s*:\\s*(${id})\\s+Share value\\s*:\\s*(${number})\\b`,
  'gi',
)
const line = new RegExp(`^\\s*(${number})\\s+(${id})\\s+(${number})\\s*$`, 'i')

/** The shares in a text: what sc-hsm-tool printed, with anything around it; or prime, ID and value and nothing else. */
export function readNotation(text: string): PasswordShare[] {
  const found = [...text.matchAll(block)]
  const [alone] = found.length > 0 ? [] : [line.exec(text)]
  return [...found, ...(alone ? [alone] : [])].map(([, prime, id, value]) => ({
    prime: fromHexadecimal(prime!),
    id: id!.toLowerCase().replace(/^0+(?=.)/, ''),
    value: fromHexadecimal(value!),
  }))
}

/** Without zeros at the front, as OpenSSL has it. */
function hexadecimal(value: bigint): string {
  const digits = value.toString(16)
  return digits.padStart(digits.length + (digits.length % 2), '0').replaceAll(/..(?=.)/g, '$&:')
}

function fromHexadecimal(text: string): bigint {
  return BigInt(`0x${text.replaceAll(':', '')}`)
}
