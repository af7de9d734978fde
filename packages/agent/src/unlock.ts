/** Logging in to the card before a server gets to it, so that the PIN stays on this side. */
import { createHmac, randomBytes } from 'node:crypto'
import { applicationId, type Channel, SelectApplication, sw, Verify } from '@keytether/card'

/**
 * - `verified` now or before · `wrongPin` the card refused it, `triesLeft` are left
 * - `refused` not presented, since the card refused the same PIN before · `lastTry` not presented, since it is the last
 * - `wrongLength` not presented, since a PIN has 6 to 16 bytes
 * - `unavailable` the card has no PIN to be presented now, says its status word: blocked, not initialised, and so on
 * - `notASmartCardHsm`
 */
export type Unlocked = Verification | { readonly status: 'refused' | 'lastTry' | 'wrongLength' | 'notASmartCardHsm' }

type Verification =
  | { readonly status: 'verified' }
  | { readonly status: 'wrongPin'; readonly triesLeft: number }
  | { readonly status: 'unavailable'; readonly sw: number }

const noData = 0x0c

/**
 * Presents PINs, and none a second time that a card refused: restarted over and over with a wrong one, an agent would
 * block its card.
 */
export class Unlocker {
  /** PINs that were refused, beyond recognition. */
  readonly #refused = new Set<string>()
  readonly #key = randomBytes(32)

  /** Presents a PIN to a card if that is safe, and erases it. */
  async unlock(channel: Channel, pin: Uint8Array): Promise<Unlocked> {
    try {
      return await this.#unlock(channel, pin)
    } finally {
      pin.fill(0)
    }
  }

  async #unlock(channel: Channel, pin: Uint8Array): Promise<Unlocked> {
    if (pin.length < 6 || pin.length > 16) return { status: 'wrongLength' }
    const select = SelectApplication.encodeRequest({ p2: noData }, applicationId, { le: undefined })
    const ask = Verify.encodeRequest({ reference: 'user' }, new Uint8Array())
    const [selected, state] = (await channel.transmit([select, ask])) as [Uint8Array, Uint8Array]
    if (statusWord(selected) !== sw.ok) return { status: 'notASmartCardHsm' }
    const before = verification(state)
    if (before.status !== 'wrongPin') return before
    if (before.triesLeft === 1) return { status: 'lastTry' }
    const trace = createHmac('sha256', this.#key).update(pin).digest('base64')
    if (this.#refused.has(trace)) return { status: 'refused' }
    const request = Verify.encodeRequest({ reference: 'user' }, pin)
    const [response] = (await channel.transmit([request]).finally(() => request.fill(0))) as [Uint8Array]
    const after = verification(response)
    if (after.status !== 'verified') this.#refused.add(trace)
    return after
  }
}

/** What the card says to VERIFY, with a PIN or without. */
function verification(response: Uint8Array): Verification {
  const status = statusWord(response)
  if (status === sw.ok) return { status: 'verified' }
  if ((status & 0xfff0) === 0x63c0 && status !== 0x63c0) return { status: 'wrongPin', triesLeft: status & 0x0f }
  return { status: 'unavailable', sw: status }
}

function statusWord(response: Uint8Array): number {
  return ((response.at(-2) ?? 0) << 8) | (response.at(-1) ?? 0)
}
