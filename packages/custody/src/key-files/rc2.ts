/**
 * RC2 in CBC mode, deciphering alone: certificates in older PKCS #12 files are encrypted so, and `node:crypto` has it no more.
 *
 * @see RFC 2268
 * @module
 */
import { fromHex } from '@keytether/codec'

const blockSize = 8

/** RFC 2268, 2: a permutation of all bytes made of the digits of pi. */
const pi = fromHex(
  `d978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2
   179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82
   54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626
   6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7
   08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec
   c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b255597 31
   2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9
   0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad`.replaceAll(/\s/g, ''),
)

/** @throws RangeError unless key, initialisation vector and input can be that; nothing is said of the padding, which stays */
export function decipherRc2(key: Uint8Array, iv: Uint8Array, input: Uint8Array): Uint8Array {
  if (key.length < 1 || key.length > 128) throw new RangeError(`a key of RC2 has 1 to 128 bytes, got ${key.length}`)
  if (iv.length !== blockSize || input.length % blockSize !== 0) throw new RangeError('RC2 takes blocks of 8 bytes')
  const words = expand(key)
  const output = new Uint8Array(input.length)
  let before = iv
  for (let at = 0; at < input.length; at += blockSize) {
    const block = input.subarray(at, at + blockSize)
    const plain = decipherBlock(words, block)
    for (let i = 0; i < blockSize; i++) output[at + i] = plain[i]! ^ before[i]!
    before = block
  }
  words.fill(0)
  return output
}

/** 64 words of key; as many effective bits as the key has. */
function expand(key: Uint8Array): Uint16Array {
  const expanded = new Uint8Array(128)
  expanded.set(key)
  const { length } = key
  for (let i = length; i < 128; i++) expanded[i] = pi[(expanded[i - 1]! + expanded[i - length]!) & 0xff]!
  expanded[128 - length] = pi[expanded[128 - length]!]!
  for (let i = 127 - length; i >= 0; i--) expanded[i] = pi[expanded[i + 1]! ^ expanded[i + length]!]!
  const view = new DataView(expanded.buffer)
  const words = Uint16Array.from({ length: 64 }, (_, i) => view.getUint16(2 * i, true))
  expanded.fill(0)
  return words
}

const rotations = [1, 2, 3, 5]

function decipherBlock(words: Uint16Array, block: Uint8Array): Uint8Array {
  const view = new DataView(block.buffer, block.byteOffset, blockSize)
  const r = [0, 2, 4, 6].map(at => view.getUint16(at, true)) as [number, number, number, number]
  let next = 63
  const mix = () => {
    for (let i = 3; i >= 0; i--) {
      const [a, b, c] = [r[(i + 3) % 4]!, r[(i + 2) % 4]!, r[(i + 1) % 4]!]
      const shift = rotations[i]!
      const rotated = ((r[i]! >>> shift) | (r[i]! << (16 - shift))) & 0xffff
      r[i] = (rotated - words[next--]! - (a & b) - (~a & c)) & 0xffff
    }
  }
  const mash = () => {
    for (let i = 3; i >= 0; i--) r[i] = (r[i]! - words[r[(i + 3) % 4]! & 63]!) & 0xffff
  }
  for (let round = 15; round >= 0; round--) {
    mix()
    if (round === 11 || round === 5) mash()
  }
  const plain = new Uint8Array(blockSize)
  const out = new DataView(plain.buffer)
  for (const [i, word] of r.entries()) out.setUint16(2 * i, word, true)
  return plain
}
