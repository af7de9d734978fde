/** The scratch file, for command data that exceeds an APDU. */
import {
  AgreeDomainKey,
  type CommandApdu,
  CreateGroupDomain,
  fid,
  RegisterAuthenticationKey,
  ReplaceAuthenticationKey,
  UnwrapKey,
} from '@keytether/card'
import { DecodeError } from '@keytether/codec'
import type { Card } from './card.ts'

const takers = [UnwrapKey, AgreeDomainKey, CreateGroupDomain, ReplaceAuthenticationKey]

/** The data of a command that comes without any, if there is some for it in the scratch file. */
export function scratchData({ state: { files } }: Card, apdu: CommandApdu): Uint8Array | undefined {
  const data = files.get(fid.scratch)
  if (data === undefined || apdu.data.length > 0) return undefined
  const complete = { ...apdu, data }
  const isTaken = takers.some(command => command.matches(complete)) || isRegistration(complete)
  return isTaken ? data : undefined
}

/** Without data, it is also how the status is asked for. */
function isRegistration(apdu: CommandApdu): boolean {
  if (!RegisterAuthenticationKey.matches(apdu)) return false
  try {
    RegisterAuthenticationKey.decodeData(apdu)
    return true
  } catch (error) {
    if (error instanceof DecodeError) return false
    throw error
  }
}

/** Gone after the command that it was for, whatever came of it. */
export function dropScratch(card: Card): void {
  const files = new Map(card.state.files)
  files.delete(fid.scratch)
  card.state = { ...card.state, files }
  if (card.session.currentFile === fid.scratch) card.session.currentFile = undefined
}
