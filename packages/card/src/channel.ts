/** The one seam to a card: bytes there and back. PC/SC, RAMOverHTTP and the emulator are each a `Channel`. */
export interface Channel {
  readonly atr: Uint8Array
  /**
   * A batch reaches the card side while the answer to the one before is still under way, so that the card need not wait
   * for the link between two of them. Elsewhere, batches that are transmitted meanwhile go out together when it has come.
   */
  readonly duplex?: boolean
  /** How long the way to the card side and back took when it was last measured. */
  readonly roundTripMs?: number | undefined
  /**
   * Sends C-APDUs and returns one R-APDU for each, in order. One batch is one round trip where the transport allows it.
   * A status word other than 9000 does not stop the batch.
   *
   * @throws ChannelError if the card can no longer be reached; which commands of the batch ran is then unknown
   */
  transmit(commands: readonly Uint8Array[]): Promise<Uint8Array[]>
  /** Resets the card, which ends log-in and secure messaging, and returns the new ATR. */
  reset(): Promise<Uint8Array>
  /** Lets go of the card. Later calls of `transmit` and `reset` throw. */
  close(reason?: string): Promise<void>
}
