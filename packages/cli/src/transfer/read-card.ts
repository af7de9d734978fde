/** Everything on a card, with progress: wrapping an RSA key takes a card up to seconds. */
import type { Inventory, SmartCardHsm, TokenContent } from '@keytether/driver'
import { showProgress } from '../progress.ts'

/** After log-in. */
export async function readCard(card: SmartCardHsm, inventory: Inventory, signal: AbortSignal): Promise<TokenContent> {
  const { readToken } = await import('@keytether/driver')
  return await showProgress('Wrapping keys', progress =>
    readToken(card, inventory, { signal, onKey: (_, index, count) => progress(index / count) }),
  )
}
