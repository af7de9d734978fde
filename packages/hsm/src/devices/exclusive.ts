/** What the service does to a device as a whole: nobody else has it meanwhile, and it comes up anew afterwards. */
import { ChannelError, type TrustRoot, UnexpectedStatusError } from '@keytether/card'
import { DecodeError } from '@keytether/codec'
import { DriverError, SmartCardHsm } from '@keytether/driver'
import { HsmError } from '../errors.ts'
import type { DeviceSession } from '../sessions/device-session.ts'

/**
 * Does something with a card that nobody else uses meanwhile. What waits for the device is done before; a log-in that opened it
 * has ended, and afterwards it comes up as if it had connected.
 *
 * @param what who has it for what, for others who ask
 * @throws HsmError TAKEN, NO_DEVICE, BUSY, TIMEOUT; as `told`
 */
export async function exclusively<T>(
  session: DeviceSession,
  {
    what,
    roots,
    signal,
  }: { readonly what: string; readonly roots: readonly TrustRoot[]; readonly signal: AbortSignal },
  work: (card: SmartCardHsm) => Promise<T>,
): Promise<T> {
  const path = session.identity?.path
  const { channel } = await session.lend(what, signal)
  try {
    // The session ends with the channel, not with this.
    const card = await SmartCardHsm.open(
      { ...channel, close: async () => {} },
      { roots, keepLogIn: true, watch: session.watch },
    )
    if (card.identity.path !== path) throw new ChannelError('CLOSED', 'another device answers than before')
    await card.openSecureChannel()
    return await work(card)
  } catch (error) {
    if (error instanceof ChannelError) session.close(error.message)
    throw told(error, session.id!)
  } finally {
    session.takeBack(false)
  }
}

/** Does something with a card in its turn. What the card refuses is no fault of the device. */
export async function inTurn<T>(
  session: DeviceSession,
  signal: AbortSignal,
  work: (card: SmartCardHsm) => Promise<T>,
): Promise<T> {
  const outcome = await session.run(async card => {
    try {
      return { value: await work(card) }
    } catch (error) {
      // What broke the way to the card is for the session to know.
      if (error instanceof DriverError && error.code !== 'SECURE_CHANNEL') return { error }
      if (error instanceof UnexpectedStatusError || error instanceof RangeError) return { error }
      throw error
    }
  }, signal)
  if ('error' in outcome) throw told(outcome.error, session.id!)
  return outcome.value
}

/** What went wrong with a card, as the domain says it: WRONG_STATE if the card refused, OUTCOME_UNKNOWN if it was lost. */
function told(error: unknown, id: string): unknown {
  if (error instanceof DriverError && error.code !== 'SECURE_CHANNEL') {
    return new HsmError('WRONG_STATE', `${id}: ${error.message}`, { cause: error })
  }
  if (error instanceof UnexpectedStatusError) {
    return new HsmError('WRONG_STATE', `${id} refused: ${error.message}`, { cause: error })
  }
  if (error instanceof RangeError) return new HsmError('INVALID', error.message, { cause: error })
  if ([ChannelError, DriverError, DecodeError].some(kind => error instanceof kind)) {
    const message = `${id} was lost meanwhile, and it may have been done: ${(error as Error).message}`
    return new HsmError('OUTCOME_UNKNOWN', message, { cause: error })
  }
  return error
}
