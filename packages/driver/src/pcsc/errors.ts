/** What PC/SC answers, sorted into a closed list of codes; the return code and its official text are kept beside it. */

/**
 * `LIBRARY_MISSING` no libpcsclite, `SERVICE_UNAVAILABLE` no pcscd, `NO_READER` none connected, `UNKNOWN_READER` none of
 * this name, `NO_CARD` none inserted, `CARD_REMOVED` since we connected, `CARD_RESET` by another program,
 * `CARD_UNRESPONSIVE` it gives no ATR, `SHARING` another program holds the card, `PROTOCOL` the card has no T=1.
 */
export type PcscErrorCode =
  | 'LIBRARY_MISSING'
  | 'SERVICE_UNAVAILABLE'
  | 'NO_READER'
  | 'UNKNOWN_READER'
  | 'NO_CARD'
  | 'CARD_REMOVED'
  | 'CARD_RESET'
  | 'CARD_UNRESPONSIVE'
  | 'SHARING'
  | 'PROTOCOL'
  | 'OTHER'

/** Return codes of PC/SC that decide something here. */
export const status = {
  success: 0,
  cancelled: 0x80100002,
  unknownReader: 0x80100009,
  timeout: 0x8010000a,
  sharingViolation: 0x8010000b,
  noCard: 0x8010000c,
  protocolMismatch: 0x8010000f,
  notTransacted: 0x80100016,
  readerUnavailable: 0x80100017,
  noService: 0x8010001d,
  serviceStopped: 0x8010001e,
  noReaders: 0x8010002e,
  unresponsive: 0x80100066,
  unpowered: 0x80100067,
  reset: 0x80100068,
  removed: 0x80100069,
} as const

const codes = new Map<number, PcscErrorCode>([
  [status.noService, 'SERVICE_UNAVAILABLE'],
  [status.serviceStopped, 'SERVICE_UNAVAILABLE'],
  [status.noReaders, 'NO_READER'],
  [status.unknownReader, 'UNKNOWN_READER'],
  [status.readerUnavailable, 'CARD_REMOVED'],
  [status.noCard, 'NO_CARD'],
  [status.removed, 'CARD_REMOVED'],
  [status.reset, 'CARD_RESET'],
  [status.unresponsive, 'CARD_UNRESPONSIVE'],
  [status.unpowered, 'CARD_UNRESPONSIVE'],
  [status.sharingViolation, 'SHARING'],
  [status.protocolMismatch, 'PROTOCOL'],
])

const hints: Partial<Record<PcscErrorCode, string>> = {
  SERVICE_UNAVAILABLE: ' Is pcscd running? On Debian: apt-get install pcscd, systemctl start pcscd.socket',
  SHARING: ' Another program holds the card for itself.',
  PROTOCOL: ' The card does not speak T=1, as a SmartCard-HSM does.',
}

/** A call of PC/SC failed. */
export class PcscError extends Error {
  override readonly name = 'PcscError'
  readonly code: PcscErrorCode
  /** The function that failed, such as `SCardConnect`. */
  readonly call: string
  /** What the function returned, such as 0x8010000C; 0 if there was no library to call. */
  readonly returnCode: number
  /** What pcsc-lite says to the return code, such as `No smart card inserted.` */
  readonly text: string

  constructor(call: string, returnCode: number, text: string, options?: ErrorOptions) {
    const code = returnCode === status.success ? 'LIBRARY_MISSING' : (codes.get(returnCode) ?? 'OTHER')
    super(`${call}: ${text}${hints[code] ?? ''}`, options)
    this.code = code
    this.call = call
    this.returnCode = returnCode
    this.text = text
  }
}
