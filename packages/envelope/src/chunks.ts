/**
 * A payload of any length in chunks that are authenticated one by one, so that neither end has to hold it. A chunk's nonce is its
 * number and whether it is the last: one that is put elsewhere, left out or repeated does not open, and nor does an end that is not one.
 *
 * @see Hoang, Reyhanitabar, Rogaway, Vizár: Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance (STREAM)
 * @module
 */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { always, concat, encode, struct, u8, u32 } from '@keytether/codec'
import { EnvelopeError } from './errors.ts'
import { type Bytes, pieces } from './pieces.ts'

/** Bytes of payload in each chunk but the last. */
export const chunkSize = 65_536
export const tagSize = 16

/** Of AES-256-GCM. The key is one envelope's alone, so that a number is never used twice. */
const Nonce = struct({ filling: always(0, 0, 0, 0, 0, 0, 0), number: u32, last: u8 })

/** @param key of one payload, see `payloadKey` */
export async function* sealChunks(key: Uint8Array, context: Uint8Array, payload: Bytes): AsyncGenerator<Uint8Array> {
  let number = 0
  for await (const { piece, last } of pieces(payload, chunkSize)) {
    const cipher = createCipheriv('aes-256-gcm', key, encode(Nonce, { number: number++, last: Number(last) }))
    cipher.setAAD(context)
    yield concat(cipher.update(piece), cipher.final(), cipher.getAuthTag())
  }
}

/**
 * What it has yielded is authentic, and whole only when it ends without throwing.
 *
 * @throws EnvelopeError NOT_AUTHENTIC, CUT_SHORT
 */
export async function* openChunks(key: Uint8Array, context: Uint8Array, sealed: Bytes): AsyncGenerator<Uint8Array> {
  let number = 0
  for await (const { piece, last } of pieces(sealed, chunkSize + tagSize)) {
    if (piece.length < tagSize || (number > 0 && piece.length === tagSize)) throw cutShort()
    const open = (isLast: boolean) => openChunk(key, encode(Nonce, { number, last: Number(isLast) }), context, piece)
    const opened = open(last)
    if (opened === undefined) {
      // The last one that came is a chunk that others followed.
      if (last && open(false) !== undefined) throw cutShort()
      throw new EnvelopeError(
        'NOT_AUTHENTIC',
        'the payload or its associated data are not what was encrypted: nothing of it is to be trusted',
      )
    }
    number++
    yield opened
  }
}

function openChunk(key: Uint8Array, nonce: Uint8Array, context: Uint8Array, chunk: Uint8Array): Uint8Array | undefined {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagSize })
  decipher.setAAD(context)
  decipher.setAuthTag(chunk.subarray(-tagSize))
  const opened = decipher.update(chunk.subarray(0, -tagSize))
  try {
    decipher.final()
    return new Uint8Array(opened)
  } catch {
    opened.fill(0)
    return undefined
  }
}

function cutShort(): EnvelopeError {
  return new EnvelopeError('CUT_SHORT', 'the end of the envelope is missing')
}
