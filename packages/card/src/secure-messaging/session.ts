/**
 * Secure messaging: each command and each response encrypted and authenticated, and bound to its place in the order.
 *
 * @see ISO/IEC 7816-4, 10; BSI TR-03110-3, F
 * @module
 */
import { timingSafeEqual } from 'node:crypto'
import {
  always,
  bytes,
  concat,
  DecodeError,
  decode,
  encode,
  mapped,
  optional,
  struct,
  tlv,
  tlvs,
  u16,
} from '@keytether/codec'
import { AesCbc, blockSize, cmac, pad } from '../aes.ts'
import { type CommandApdu, decodeCommand, decodeResponse, encodeCommand, encodeResponse } from '../apdu.ts'
import { SecureMessagingError } from '../errors.ts'
import { sw } from '../status.ts'
import { type ChannelKeys, macSize } from './keys.ts'

const blocks = mapped(bytes({ min: blockSize }), {
  write: (cryptogram: Uint8Array) => cryptogram,
  read(cryptogram, input) {
    return cryptogram.length % blockSize === 0 ? cryptogram : input.fail('LENGTH', 'cryptogram not in whole blocks')
  },
})

/** Le: one byte of a short command, two of an extended one; zero stands for the greatest. */
const expected = mapped(bytes({ min: 1, max: 2 }), {
  write({ le, extended }: { le: number; extended: boolean }) {
    return extended ? Uint8Array.of((le >> 8) & 0xff, le & 0xff) : Uint8Array.of(le & 0xff)
  },
  read([first, second]) {
    if (second === undefined) return { le: first || 0x100, extended: false }
    return { le: (first! << 8) | second || 0x10000, extended: true }
  },
})

const cryptograms = {
  /** Commands with odd instruction, whose data are data objects. */
  objects: optional(tlv(0x85, blocks)),
  data: optional(tlv(0x87, struct({ padding: always(0x01), blocks }))),
}
const CommandObjects = tlvs({ ...cryptograms, expected: optional(tlv(0x97, expected)) })
const ResponseObjects = tlvs({ ...cryptograms, status: tlv(0x99, u16) })

/** Always the last object; it covers all before it. */
const Mac = tlv(0x8e, bytes(macSize))
const macObjectSize = encode(Mac, new Uint8Array(macSize)).length

/** Bits of the class byte: secure messaging, and the header is part of what the MAC covers. */
const secureClass = 0x0c

/**
 * The state of one secure channel. The host protects commands and unprotects their responses; the card does the reverse
 * with the other two methods. A batch may be protected as a whole before its first response is unprotected, in order.
 *
 * A channel on which anything was wrong is of no more use: every later call throws `CLOSED`.
 */
export class SecureMessaging {
  readonly #aes: AesCbc
  readonly #mac: (message: Uint8Array) => Uint8Array
  #commands = 0
  #responses = 0
  #closed = false
  #oddInstruction = false

  constructor(keys: ChannelKeys) {
    this.#aes = new AesCbc(keys.encryption)
    this.#mac = cmac(keys.mac)
  }

  /** Host: the protected form of a command. */
  protect(command: Uint8Array): Uint8Array<ArrayBuffer> {
    this.#checkOpen()
    const apdu = decodeCommand(command)
    const header = secureHeader(apdu)
    const counter = counterBlock(2 * this.#commands++ + 1)
    const objects = encode(CommandObjects, {
      ...this.#encrypted(apdu.data, counter, isOdd(apdu)),
      ...(apdu.le !== undefined && { expected: { le: apdu.le, extended: apdu.extended === true } }),
    })
    const data = concat(objects, encode(Mac, this.#commandMac(counter, header, objects)))
    const extended = apdu.extended === true || data.length > 0xff
    // There is always something to come back, be it only the status word and its MAC.
    return encodeCommand({ ...header, data, le: extended ? 0x10000 : 0x100, extended })
  }

  /**
   * Host: the response in a protected one; its status word is the protected one, whatever is written outside.
   *
   * @throws SecureMessagingError `PLAIN` for an answer that is not protected, `MAC`, `FORMAT`
   */
  unprotect(response: Uint8Array): Uint8Array<ArrayBuffer> {
    this.#checkOpen()
    if (this.#responses === this.#commands) throw new RangeError('a response with no command before it')
    const counter = counterBlock(2 * ++this.#responses)
    try {
      const { data, sw: outer } = decodeResponse(response)
      if (data.length === 0) throw new SecureMessagingError('PLAIN', 'the answer is not protected', outer)
      const [objects, mac] = split(data)
      if (!this.#macHolds(mac, this.#responseMac(counter, objects))) {
        throw new SecureMessagingError('MAC', 'the MAC of the answer is wrong')
      }
      const { status, ...cryptogram } = decode(ResponseObjects, objects)
      return encodeResponse({ data: this.#decrypted(cryptogram, counter), sw: status })
    } catch (error) {
      this.#closed = true
      if (!(error instanceof DecodeError)) throw error
      throw new SecureMessagingError('FORMAT', `the protected answer is malformed: ${error.message}`)
    }
  }

  /**
   * Card: the command in a protected one. A status word, to be answered in plain, if it is none; the channel is then closed.
   *
   * @throws DecodeError if the bytes are no command at all
   */
  unprotectCommand(command: Uint8Array): Uint8Array<ArrayBuffer> | number {
    this.#checkOpen()
    const apdu = decodeCommand(command)
    const counter = counterBlock(2 * this.#commands++ + 1)
    this.#oddInstruction = isOdd(apdu)
    try {
      const [objects, mac] = split(apdu.data)
      const header = secureHeader(apdu)
      if (header.cla !== apdu.cla || !this.#macHolds(mac, this.#commandMac(counter, header, objects))) {
        this.#closed = true
        return sw.secureMessagingObjectWrong
      }
      const { expected, ...cryptogram } = decode(CommandObjects, objects)
      const data = this.#decrypted(cryptogram, counter)
      return encodeCommand({ ...header, ...expected, cla: apdu.cla & ~secureClass, data })
    } catch (error) {
      this.#closed = true
      if (!(error instanceof DecodeError)) throw error
      return error.code === 'MISSING' ? sw.secureMessagingObjectMissing : sw.secureMessagingObjectWrong
    }
  }

  /** Card: the protected form of the response to the last command. */
  protectResponse(response: Uint8Array): Uint8Array<ArrayBuffer> {
    this.#checkOpen()
    if (this.#responses === this.#commands) throw new RangeError('a response with no command before it')
    const { data, sw: status } = decodeResponse(response)
    const counter = counterBlock(2 * ++this.#responses)
    const objects = encode(ResponseObjects, { ...this.#encrypted(data, counter, this.#oddInstruction), status })
    return encodeResponse({ data: concat(objects, encode(Mac, this.#responseMac(counter, objects))), sw: sw.ok })
  }

  #checkOpen(): void {
    if (this.#closed)
      throw new SecureMessagingError('CLOSED', 'secure messaging has ended: authenticate the chip again')
  }

  #encrypted(data: Uint8Array, counter: Uint8Array, odd: boolean): Cryptogram {
    if (data.length === 0) return {}
    const cryptogram = this.#aes.encrypt(this.#aes.encryptBlock(counter), pad(data))
    return odd ? { objects: cryptogram } : { data: { blocks: cryptogram } }
  }

  #decrypted({ objects, data }: Cryptogram, counter: Uint8Array): Uint8Array {
    if (objects && data) throw new DecodeError('DUPLICATE', 'both 85 and 87', 0)
    const cryptogram = objects ?? data?.blocks
    if (cryptogram === undefined) return new Uint8Array()
    return unpad(this.#aes.decrypt(this.#aes.encryptBlock(counter), cryptogram))
  }

  #commandMac(counter: Uint8Array, { cla, ins, p1, p2 }: CommandApdu, objects: Uint8Array): Uint8Array {
    const header = pad(Uint8Array.of(cla, ins, p1, p2))
    // The header stands alone where nothing follows: no block of mere padding.
    return this.#mac(concat(counter, header, objects.length > 0 ? pad(objects) : objects)).subarray(0, macSize)
  }

  #responseMac(counter: Uint8Array, objects: Uint8Array): Uint8Array {
    return this.#mac(concat(counter, pad(objects))).subarray(0, macSize)
  }

  #macHolds(received: Uint8Array, computed: Uint8Array): boolean {
    return timingSafeEqual(received, computed)
  }
}

interface Cryptogram {
  readonly objects?: Uint8Array | undefined
  readonly data?: { readonly blocks: Uint8Array } | undefined
}

function isOdd({ ins }: CommandApdu): boolean {
  return (ins & 0x01) !== 0
}

function secureHeader({ cla, ins, p1, p2 }: CommandApdu): CommandApdu {
  return { cla: cla | secureClass, ins, p1, p2, data: new Uint8Array() }
}

/** The send sequence counter, which is also what initialisation vectors are made of. */
function counterBlock(count: number): Uint8Array {
  const block = new Uint8Array(blockSize)
  let rest = count
  for (let i = blockSize - 1; rest > 0; i--) {
    block[i] = rest & 0xff
    rest = Math.floor(rest / 0x100)
  }
  return block
}

/** What the MAC covers, and the MAC. */
function split(data: Uint8Array): [objects: Uint8Array, mac: Uint8Array] {
  const end = Math.max(0, data.length - macObjectSize)
  try {
    return [data.subarray(0, end), decode(Mac, data.subarray(end))]
  } catch {
    throw new DecodeError('MISSING', 'MAC (tag 8E) is missing', end)
  }
}

/** Some cards pad with more than a block: as many zeros as there are, and the 80 before them. */
function unpad(padded: Uint8Array): Uint8Array {
  const end = padded.findLastIndex(byte => byte !== 0x00)
  if (padded[end] !== 0x80) throw new DecodeError('VALUE', 'wrong padding', 0)
  return padded.slice(0, end)
}
