/** PINs with their tries. */
import { timingSafeEqual } from 'node:crypto'

export interface Pin {
  readonly value: Uint8Array
  /** Wrong values in a row that block it. */
  readonly tries: number
  readonly triesLeft: number
}

/** Bytes of a user PIN, and of the security officer's, which is always as long. */
export const userPinLength = { min: 6, max: 16 } as const
export const soPinLength = 8
/** How often the security officer's may be wrong, as on the real card. */
export const soPinTries = 15

export function newPin(value: Uint8Array, tries: number): Pin {
  return { value, tries, triesLeft: tries }
}

/** The PIN after a value was presented, and what to answer. */
export type Presented =
  | { readonly status: 'ok'; readonly pin: Pin }
  | { readonly status: 'wrongPin'; readonly triesLeft: number; readonly pin: Pin }
  | { readonly status: 'blocked'; readonly pin: Pin }

export function present(pin: Pin, value: Uint8Array): Presented {
  if (pin.triesLeft === 0) return { status: 'blocked', pin }
  if (samePin(pin.value, value)) {
    return { status: 'ok', pin: pin.triesLeft === pin.tries ? pin : { ...pin, triesLeft: pin.tries } }
  }
  const triesLeft = pin.triesLeft - 1
  return { status: 'wrongPin', triesLeft, pin: { ...pin, triesLeft } }
}

/** In constant time. */
export function samePin(a: Uint8Array, b: Uint8Array): boolean {
  return timingSafeEqual(padded(a), padded(b))
}

const longest = 32

function padded(value: Uint8Array): Uint8Array {
  const block = new Uint8Array(1 + longest)
  block[0] = value.length
  block.set(value.subarray(0, longest), 1)
  return block
}
