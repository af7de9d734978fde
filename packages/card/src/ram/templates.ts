/**
 * RAMOverHTTP: the server posts templates of commands, the card side answers each with a template of responses.
 *
 * The tags are those of remote application management in its expanded format; E8, C0, E0 and E1 are CardContact's.
 *
 * @see ETSI TS 102 226, 5.2.1
 * @module
 */
import { bytes, choice, integer, optional, sequenceOf, type TypeOf, tlv, tlvs, utf8 } from '@keytether/codec'

const small = integer({ max: 4 })
const atr = tlv(0xc0, bytes({ max: 36 }))

/** The first message of a session: which card this is, and what its reader can carry. */
export const Initiation = tlv(
  0xe8,
  tlvs(
    { atr, maxCommandSize: optional(tlv(0xc1, small)), maxResponseSize: optional(tlv(0xc2, small)) },
    { order: 'any', unknown: 'ignore' },
  ),
)
export type Initiation = TypeOf<typeof Initiation>

/** A message for the people at the card: a negative number is an error that ends the session, 0 completion. */
export const Notification = tlvs(
  { id: tlv(0x02, small), text: optional(tlv(0x0c, utf8())), secondsLeft: optional(tlv(0xc3, small)) },
  { unknown: 'ignore' },
)
export type Notification = TypeOf<typeof Notification>

const commandElement = choice({
  command: tlv(0x22, bytes()),
  /** Resets the card; a value, which nobody sends, means nothing. */
  reset: atr,
  notify: tlv(0xe0, Notification),
})
export type CommandElement = TypeOf<typeof commandElement>

/** Server to card: what to do, in this order. An empty one only keeps the session alive. */
export const CommandTemplate = tlv(0xaa, sequenceOf(commandElement))

const responseElement = choice({
  response: tlv(0x23, bytes()),
  reset: atr,
  /** The card side gives up, for the reason in the text. */
  close: tlv(0xe1, tlvs({ reason: optional(tlv(0x0c, utf8())) }, { unknown: 'ignore' })),
  /** How many commands were carried out: always the last element, absent from the oldest clients. */
  executed: tlv(0x80, small),
})
export type ResponseElement = TypeOf<typeof responseElement>

/** Card to server: one answer for each command and reset, up to the first that failed. */
export const ResponseTemplate = tlv(0xab, sequenceOf(responseElement))
