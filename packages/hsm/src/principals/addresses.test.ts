import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addresses, networkOf, plainAddress } from './addresses.ts'

for (const [ranges, inside, outside] of [
  [['192.0.2.7'], ['192.0.2.7', '::ffff:192.0.2.7'], ['192.0.2.8', '::1', '', 'localhost', '192.0.2.7/32']],
  [['192.0.2.0/24'], ['192.0.2.0', '192.0.2.255'], ['192.0.3.0', '2001:db8::']],
  [['::ffff:192.0.2.0/120'], ['192.0.2.9'], ['192.0.3.9']],
  [['2001:db8::/32'], ['2001:db8::7', '2001:DB8:0:0::7', '2001:db8::7%eth0'], ['2001:db9::7', '192.0.2.7']],
  [
    ['10.0.0.0/8', '::1'],
    ['10.1.2.3', '::1'],
    ['11.0.0.1', '::2'],
  ],
  [['0.0.0.0/0'], ['203.0.113.9'], ['2001:db8::7']],
  [[], [], ['192.0.2.7', '::1']],
] as const) {
  test(`${ranges.join(', ') || 'nothing'}: who is in it`, () => {
    const among = addresses(ranges)
    assert.deepEqual([...inside, ...outside].map(among), [...inside.map(() => true), ...outside.map(() => false)])
  })
}

test('what is no range', () => {
  for (const wrong of [
    '',
    'localhost',
    '192.0.2.0/33',
    '2001:db8::/129',
    '192.0.2/24',
    '::ffff:192.0.2.0/24',
    '1.2.3.4/x',
  ])
    assert.throws(() => addresses([wrong]), { code: 'INVALID' }, wrong)
})

test('an IPv4 address is written in one way', () => {
  assert.deepEqual(['::ffff:192.0.2.7', '192.0.2.7', 'fe80::1%eth0', '::1'].map(plainAddress), [
    '192.0.2.7',
    '192.0.2.7',
    'fe80::1',
    '::1',
  ])
})

test('what one customer of a provider has is one network', () => {
  const networks = [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8::7', '2001:db8:0:0::/64'],
    ['2001:0DB8:0:0:1:2:3:4', '2001:db8:0:0::/64'],
    ['2001:db8:1:2:ffff::', '2001:db8:1:2::/64'],
    ['::1', '0:0:0:0::/64'],
    ['', ''],
  ]
  for (const [address, network] of networks) assert.equal(networkOf(address!), network)
})
