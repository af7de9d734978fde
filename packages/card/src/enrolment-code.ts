/** What shows that somebody has seen a device's certificate, and so has had the device or what it is connected to. */
import { createHash } from 'node:crypto'

/** 64 bits of a hash of the device's public key, as `A1B2-C3D4-E5F6-0718`: nobody guesses it, and it does not wear out. */
export function enrolmentCode({ q }: { readonly q: Uint8Array }): string {
  const digits = createHash('sha256').update('keytether enrolment').update(q).digest('hex').slice(0, 16).toUpperCase()
  return digits.replace(/(.{4})(?=.)/g, '$1-')
}
