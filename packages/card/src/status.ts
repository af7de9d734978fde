/**
 * Status words, SW1-SW2.
 *
 * @see ISO/IEC 7816-4, 5.6
 * @module
 */

export const sw = {
  ok: 0x9000,
  keyAuthenticated: 0x9001,
  endOfFile: 0x6282,
  authenticationFailed: 0x6300,
  wrongLength: 0x6700,
  secureMessagingNotSupported: 0x6882,
  securityNotSatisfied: 0x6982,
  blocked: 0x6983,
  referenceDataNotUsable: 0x6984,
  conditionsNotSatisfied: 0x6985,
  notAllowed: 0x6986,
  secureMessagingObjectMissing: 0x6987,
  secureMessagingObjectWrong: 0x6988,
  wrongData: 0x6a80,
  notSupported: 0x6a81,
  notFound: 0x6a82,
  outOfMemory: 0x6a84,
  wrongP1P2: 0x6a86,
  referenceNotFound: 0x6a88,
  exists: 0x6a89,
  wrongOffset: 0x6b00,
  unknownInstruction: 0x6d00,
  unknownClass: 0x6e00,
  internal: 0x6f00,
} as const

const meanings: Record<number, string> = {
  [sw.ok]: 'success',
  [sw.keyAuthenticated]: 'success, the key is authenticated',
  [sw.endOfFile]: 'end of file reached',
  [sw.authenticationFailed]: 'authentication failed',
  [sw.wrongLength]: 'wrong length',
  [sw.secureMessagingNotSupported]: 'secure messaging not supported or not open',
  [sw.securityNotSatisfied]: 'not logged in',
  [sw.blocked]: 'authentication method blocked',
  [sw.referenceDataNotUsable]: 'reference data not usable',
  [sw.conditionsNotSatisfied]: 'conditions of use not satisfied',
  [sw.notAllowed]: 'command not allowed',
  [sw.secureMessagingObjectMissing]: 'secure messaging object missing',
  [sw.secureMessagingObjectWrong]: 'secure messaging object incorrect',
  [sw.wrongData]: 'wrong data',
  [sw.notSupported]: 'function or algorithm not supported',
  [sw.notFound]: 'file or key not found',
  [sw.outOfMemory]: 'not enough memory',
  [sw.wrongP1P2]: 'wrong parameters P1-P2',
  [sw.referenceNotFound]: 'reference data not found',
  [sw.exists]: 'already exists',
  [sw.wrongOffset]: 'offset outside the file',
  [sw.unknownInstruction]: 'instruction not supported, or application not selected',
  [sw.unknownClass]: 'class not supported, or application not selected',
  [sw.internal]: 'internal error of the card',
}

/** What a status word means, in a few words. */
export function statusMeaning(status: number): string {
  if ((status & 0xfff0) === 0x63c0) return `${status & 0x0f} tries left`
  return meanings[status] ?? 'unknown status'
}
