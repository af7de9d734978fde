/** Logging in to the card before a server gets to it, so that the PIN stays on this side. */
import { createHmac, randomBytes } from 'node:crypto'
import { applicationId, type Channel, SelectApplication, UnexpectedStatusError, Verify } from '@keytether/card'
import { DecodeError } from '@keytether/codec'

/**
 * - `verified` now or before · `wrongPin` the card refused it, `triesLeft` are left
 * - `refused` not presented, since the card refused the same PIN before · `lastTry` not presented, since it is the last
 * - `wrongLength` not presented, since a PIN has 6 to 16 bytes · `unavailable` the card has no PIN to be presented now
 * - `notASmartCardHsm`
 */
export type Unlocked =
  | { readonly status: 'verified' | 'refused' | 'lastTry' | 'wrongLength' | 'unavailable' | 'notASmartCardHsm' }
  | { readonly status: 'wrongPin'; readonly triesLeft: number }

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
    } catch (error) {
      // A status word that VERIFY does not have, or none at all: not a card to be unlocked.
      if (error instanceof UnexpectedStatusError || error instanceof DecodeError) return { status: 'unavailable' }
      throw error
    } finally {
      pin.fill(0)
    }
  }

  async #unlock(channel: Channel, pin: Uint8Array): Promise<Unlocked> {
    if (pin.length < 6 || pin.length > 16) return { status: 'wrongLength' }
    const ask = Verify.encodeRequest({ reference: 'user' }, new Uint8Array())
    const select = SelectApplication.encodeRequest({ p2: noData }, applicationId, { le: undefined })
    const [selected, state] = (await channel.transmit([select, ask])) as [Uint8Array, Uint8Array]
    if (selected.at(-2) !== 0x90) return { status: 'notASmartCardHsm' }
    const before = Verify.decodeResponse(state)
    if (before.status === 'ok') return { status: 'verified' }
    if (before.status !== 'wrongPin' || before.triesLeft === 0) return { status: 'unavailable' }
    if (before.triesLeft === 1) return { status: 'lastTry' }
    const trace = createHmac('sha256', this.#key).update(pin).digest('base64')
    if (this.#refused.has(trace)) return { status: 'refused' }
    const request = Verify.encodeRequest({ reference: 'user' }, pin)
    const [response] = (await channel.transmit([request])) as [Uint8Array]
    request.fill(0)
    const outcome = Verify.decodeResponse(response)
    if (outcome.status === 'ok') return { status: 'verified' }
    this.#refused.add(trace)
    return outcome.status === 'wrongPin' ? outcome : { status: 'unavailable' }
  }
}
