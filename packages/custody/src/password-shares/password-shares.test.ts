import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toHex } from '@keytether/codec'
import fc from 'fast-check'
import { joinPassword, type PasswordShare, splitPassword } from './password-shares.ts'
import { joinSecret, splitSecret } from './shamir.ts'

const prime = 0xfffffffffffffa43n
/** Of the secret "password" with the polynomial's other coefficient 0123456789abcdef, computed apart from this code. */
const computed: PasswordShare[] = [
  { prime, id: '1', value: 0x7184b8db011b4053n },
  { prime, id: '2', value: 0x72a7fe428ac70e42n },
  { prime, id: '3', value: 0x73cb43aa1472dc31n },
]
const text = (passwords: readonly Uint8Array[]) => passwords.map(password => new TextDecoder().decode(password))

/** A group, and which of its shares come together, in any order. */
const groups = fc.integer({ min: 2, max: 12 }).chain(total =>
  fc.record({
    total: fc.constant(total),
    threshold: fc.integer({ min: 2, max: total }),
    order: fc.shuffledSubarray([...Array(total).keys()], { minLength: total }),
  }),
)

describe('shares of a password', () => {
  test('any two of three that were computed elsewhere', () => {
    for (const pair of [
      [0, 1],
      [1, 0],
      [0, 2],
      [1, 2],
      [2, 1, 0],
    ]) {
      assert.deepEqual(text(joinPassword(pair.map(i => computed[i]!))), ['password'], `${pair}`)
    }
  })

  test('as many as the threshold or more join, in any order', () => {
    fc.assert(
      fc.property(groups, ({ threshold, total, order }) => {
        const { password, shares } = splitPassword({ threshold, total })
        for (const count of [threshold, total]) {
          const [joined] = joinPassword(order.slice(0, count).map(i => shares[i]!))
          assert.equal(toHex(joined!), toHex(password))
        }
      }),
      { numRuns: 25 },
    )
  })

  test('one less does not', () => {
    fc.assert(
      fc.property(groups, ({ threshold, total, order }) => {
        const { password, shares } = splitPassword({ threshold, total })
        const few = order.slice(0, threshold - 1).map(i => ({ ...shares[i]!, group: undefined! }))
        if (few.length < 2) return
        for (const joined of joinPassword(few)) assert.notEqual(toHex(joined), toHex(password))
      }),
      { numRuns: 25 },
    )
  })

  test('any secret below the prime', () => {
    const field = fc.bigInt({ min: 0n, max: prime - 1n })
    fc.assert(
      fc.property(field, fc.integer({ min: 1, max: 9 }), (secret, threshold) => {
        const places = Array.from({ length: threshold }, (_, i) => BigInt(i + 1))
        assert.equal(joinSecret(splitSecret(secret, threshold, places, prime), prime), secret)
      }),
    )
  })

  test('passwords have eight bytes, the first from 01 to 7f, and primes are their own and safe', () => {
    const made = Array.from({ length: 20 }, () => splitPassword({ threshold: 2, total: 2 }))
    for (const { password, shares } of made) {
      assert.equal(password.length, 8)
      assert.ok(password[0]! >= 1 && password[0]! <= 0x7f)
      assert.ok(shares[0]!.prime >= 2n ** 63n && shares[0]!.prime < 2n ** 64n)
    }
    assert.equal(new Set(made.map(({ shares }) => shares[0]!.prime)).size, made.length)
  })
})

describe('where sc-hsm-tool writes otherwise than it reads', () => {
  const secret = 0x70617373776f7264n
  const at = (ids: readonly string[], places: readonly bigint[], value = secret): PasswordShare[] =>
    splitSecret(value, ids.length, places, prime).map(({ y }, i) => ({ prime, id: ids[i]!, value: y }))

  test('IDs from 10 on: what it reads, then what it prints', () => {
    assert.equal(text(joinPassword(at(['9', '10'], [9n, 16n])))[0], 'password')
    assert.equal(text(joinPassword(at(['9', '10'], [9n, 10n])))[1], 'password')
    assert.equal(text(joinPassword(at(['10', '11', '2'], [10n, 11n, 2n])))[1], 'password')
  })

  test('an ID with a letter is hexadecimal, and so are those beside it', () => {
    assert.deepEqual(text(joinPassword(at(['a', '10'], [10n, 16n]))), ['password'])
    assert.deepEqual(text(joinPassword(at(['b', '2'], [11n, 2n]))), ['password'])
  })

  test('zeros at the front: what it encrypts with, then what it decrypts with', () => {
    const joined = joinPassword(at(['1', '2'], [1n, 2n], 0x5566n))
    assert.deepEqual(joined.map(toHex), ['0000000000005566', '5566'])
  })

  test('a prime below the secret, as it was until 2016', () => {
    const small = 0x800000000000001dn
    const whole = 0xf123456789abcdefn
    const shares = splitSecret(whole, 2, [1n, 2n], small).map(({ x, y }) => ({ prime: small, id: String(x), value: y }))
    assert.deepEqual(joinPassword(shares).map(toHex), ['7123456789abcdd2', 'f123456789abcdef'])
  })

  test('ours are read in one way', () => {
    const { password, shares } = splitPassword({ threshold: 2, total: 12 })
    assert.deepEqual(joinPassword([shares[10]!, shares[11]!]), [password])
  })
})

describe('what cannot be put together', () => {
  const rows: [string, PasswordShare[], string, RegExp][] = [
    ['none', [], 'TOO_FEW_PASSWORD_SHARES', /wanted 2 password shares or more, got 0/],
    ['one', computed.slice(0, 1), 'TOO_FEW_PASSWORD_SHARES', /got 1/],
    ['one twice', [computed[0]!, computed[1]!, computed[0]!], 'WRONG_PASSWORD_SHARE', /share 1 was given twice/],
    [
      'of two passwords',
      [computed[0]!, { ...computed[1]!, prime: prime - 2n }],
      'WRONG_PASSWORD_SHARE',
      /shares 1 and 2 are of different passwords: their primes differ/,
    ],
    [
      'a value that is too large',
      [computed[0]!, { ...computed[1]!, value: prime }],
      'WRONG_PASSWORD_SHARE',
      /value of password share 2 cannot be right/,
    ],
    [
      'fewer than the threshold',
      computed.slice(0, 2).map(share => ({ ...share, group: { threshold: 3, total: 5 } })),
      'TOO_FEW_PASSWORD_SHARES',
      /wanted 3 password shares or more, got 2/,
    ],
    ['share 0', [computed[0]!, { ...computed[1]!, id: '0' }], 'WRONG_PASSWORD_SHARE', /no password share has the ID 0/],
    [
      'a prime that is none',
      computed.slice(0, 2).map(share => ({ ...share, prime: prime - 2n })),
      'WRONG_PASSWORD_SHARE',
      /is not a prime: a digit of it is wrong/,
    ],
  ]
  for (const [name, shares, code, message] of rows) {
    test(name, () => assert.throws(() => joinPassword(shares), { code, message }))
  }

  test('groups that make no sense', () => {
    for (const [threshold, total] of [
      [1, 3],
      [4, 3],
      [2, 100],
      [2.5, 3],
      [Number.NaN, 3],
    ] as const) {
      assert.throws(() => splitPassword({ threshold, total }), RangeError, `${threshold} of ${total}`)
    }
  })
})
