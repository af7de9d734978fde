import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { concat, fromHex, toHex } from '@keytether/codec'
import { type CurveName, curveByName, curveOf, curves } from './curves.ts'
import type { DomainParameters } from './public-key.ts'

for (const { name, nodeName, domain, bits } of curves) {
  test(`${name}: the numbers that OpenSSL has`, () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: nodeName, paramEncoding: 'explicit' })
    const info = publicKey.export({ type: 'spki', format: 'der' }).toString('hex')
    for (const field of ['p', 'a', 'b', 'g', 'n'] as const) {
      // As the content of an INTEGER or OCTET STRING, in shortest form or of field size.
      const number = toHex(domain[field]).replace(/^(00)+(?=..)/, '')
      assert.ok(info.includes(number), `${field} ${number}`)
    }
    const size = Math.ceil(bits / 8)
    assert.deepEqual(
      [domain.p, domain.a, domain.b, domain.n, domain.g].map(({ length }) => length),
      [size, size, size, size, 1 + 2 * size],
    )
    assert.equal(BigInt(`0x${toHex(domain.p)}`).toString(2).length, bits)
  })
}

describe('a curve by its domain parameters', () => {
  test('each is found, and only as itself', () => {
    for (const curve of curves) assert.equal(curveOf(curve.domain), curve)
  })

  const { domain } = curveByName('secp256k1')
  test('numbers with leading zeros left out or added', () => {
    const { p, n } = domain
    const zero = Uint8Array.of(0)
    const loose = { ...domain, a: zero, b: Uint8Array.of(7), p: concat(zero, p), n: concat(zero, n) }
    assert.equal(curveOf(loose)?.name, 'secp256k1')
    assert.equal(curveOf({ ...domain, a: new Uint8Array() })?.name, 'secp256k1')
  })

  test('every single number counts', () => {
    for (const field of Object.keys(domain) as (keyof DomainParameters)[]) {
      const altered = domain[field].slice()
      altered[altered.length - 1]! ^= 1
      assert.equal(curveOf({ ...domain, [field]: altered }), undefined, field)
    }
    assert.equal(curveOf({ ...domain, g: fromHex('00') }), undefined)
    const empty = new Uint8Array()
    assert.equal(curveOf({ p: empty, a: empty, b: empty, g: empty, n: empty, h: empty }), undefined)
  })
})

test('a curve by its name', () => {
  assert.equal(curveByName('secp256r1').nodeName, 'prime256v1')
  assert.equal(curveByName('secp256r1' as string)?.oid, '1.2.840.10045.3.1.7')
  assert.equal(curveByName('toString' as string), undefined)
  assert.equal(new Set(curves.map(({ oid }) => oid)).size, curves.length)
  assert.equal(new Set<CurveName>(curves.map(({ name }) => name)).size, curves.length)
})
