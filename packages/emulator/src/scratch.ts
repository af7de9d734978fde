/** The scratch file, for command data that exceeds an APDU. */
import { fid } from '@keytether/card'
import type { Card } from './card.ts'

/** What was put there for one command is gone after it, whatever comes of it. */
export function takeScratch(card: Card): Uint8Array | undefined {
  const files = new Map(card.state.files)
  const content = files.get(fid.scratch)
  if (!files.delete(fid.scratch)) return undefined
  card.state = { ...card.state, files }
  if (card.session.currentFile === fid.scratch) card.session.currentFile = undefined
  return content
}
