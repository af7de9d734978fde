import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CookieJar } from './cookies.ts'

const plain = 'http://hsm.example.com/rt/hsm'
const secure = 'https://hsm.example.com/rt/hsm'

const rows: readonly (readonly [name: string, url: string, cookies: readonly string[], header: string | undefined])[] =
  [
    ['none', plain, [], undefined],
    ['a name and a value', plain, ['A=1'], 'A=1'],
    ['a value with =', plain, ['A=1=2; Path=/'], 'A=1=2'],
    ['no value, no name', plain, ['A', '=1', ''], undefined],
    ['a later one replaces an earlier one', plain, ['A=1; Path=/rt', 'A=2; Path=/rt'], 'A=2'],
    ['the same name on two paths', plain, ['A=1; Path=/', 'A=2; Path=/rt'], 'A=2; A=1'],
    ['the very path', plain, ['A=1; path=/rt/hsm'], 'A=1'],
    ['a path that ends with /', plain, ['A=1; Path=/rt/'], 'A=1'],
    ['a path that only begins alike', plain, ['A=1; Path=/r'], undefined],
    ['another path', plain, ['A=1; Path=/se'], undefined],
    ['a path below', plain, ['A=1; Path=/rt/hsm/x'], undefined],
    ['no proper path: that of the URL', plain, ['A=1; Path=x'], 'A=1'],
    ['Secure over http', plain, ['A=1; Secure'], undefined],
    ['Secure over https', secure, ['A=1; Secure; HttpOnly'], 'A=1'],
    ['our domain', plain, ['A=1; Domain=example.com'], 'A=1'],
    ['our domain with a dot', plain, ['A=1; Domain=.Example.com'], 'A=1'],
    ['another domain', plain, ['A=1; Domain=example.org'], undefined],
    ['a domain that only ends alike', plain, ['A=1; Domain=m.example.com'], undefined],
    ['expired by age', plain, ['A=1; Path=/rt', 'A=; Path=/rt; Max-Age=0'], undefined],
    ['expired by date', plain, ['A=1', 'A=; Expires=Thu, 01 Jan 1970 00:00:00 GMT'], undefined],
    ['age wins over date', plain, ['A=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT'], 'A=1'],
  ]

for (const [name, url, cookies, header] of rows) {
  test(name, () => {
    const jar = new CookieJar(new URL(url))
    for (const cookie of cookies) jar.store([cookie])
    assert.equal(jar.header, header)
  })
}

test('no more than so many are kept, and those can still change', () => {
  const jar = new CookieJar(new URL(plain))
  jar.store(Array.from({ length: 1000 }, (_, number) => `C${number}=1`))
  jar.store(['C0=2'])
  const kept = jar.header!.split('; ')
  assert.equal(kept.length, 50)
  assert.ok(kept.includes('C0=2'))
})
