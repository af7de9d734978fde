import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { fromHex, toHex } from '@keytether/codec'
import fc from 'fast-check'
import { appendLeaf, type CompactRange, leafHash, rootOf, subtrees } from './tree.ts'

/** The leaves and roots with which implementations of RFC 6962 compare themselves. */
const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']
const roots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

const rangeOf = (lines: readonly Uint8Array[]) =>
  lines.reduce<CompactRange>((range, line, size) => appendLeaf(range, size, leafHash(line)), [])

test('the roots that others have', () => {
  for (const [size, root] of roots.entries()) {
    assert.equal(toHex(rootOf(rangeOf(leaves.slice(0, size).map(fromHex)))), root)
  }
})

test('the root is the one of the definition, whatever the size', () => {
  const sha256 = (...parts: readonly Uint8Array[]) => {
    const digest = createHash('sha256')
    for (const part of parts) digest.update(part)
    return digest.digest()
  }
  const defined = (lines: readonly Uint8Array[]): Uint8Array => {
    if (lines.length === 0) return sha256()
    if (lines.length === 1) return sha256(Uint8Array.of(0), lines[0]!)
    let split = 1
    while (split * 2 < lines.length) split *= 2
    return sha256(Uint8Array.of(1), defined(lines.slice(0, split)), defined(lines.slice(split)))
  }
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 4 }), { maxLength: 70 }), lines => {
      const range = rangeOf(lines)
      assert.equal(range.length, subtrees(lines.length))
      assert.equal(toHex(rootOf(range)), toHex(defined(lines)))
    }),
    { numRuns: 50 },
  )
})

test('a range is not changed when a leaf is appended', () => {
  const three = rangeOf(leaves.slice(0, 3).map(fromHex))
  const before = three.map(toHex)
  const four = appendLeaf(three, 3, leafHash(fromHex(leaves[3]!)))
  assert.deepEqual([three.map(toHex), toHex(rootOf(four))], [before, roots[4]])
})
