/** In simulated time: when keys are read, and when they are not. */
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { IssuerKeys } from './issuer-keys.ts'

const url = 'https://login.example.com/realm/'
const [a, b] = await Promise.all(['a', 'b'].map(publicJwk))
let now = 0
let asked: string[] = []
let documents: Record<string, unknown> = {}
let keys: IssuerKeys

async function publicJwk(kid: string): Promise<JWK> {
  const { publicKey } = await generateKeyPair('ES256')
  return { ...(await exportJWK(publicKey)), kid, alg: 'ES256' }
}

const publish = (...published: unknown[]) => {
  documents = {
    [`${url}.well-known/openid-configuration`]: { issuer: url, jwks_uri: 'https://keys.example.com/1' },
    'https://keys.example.com/1': { keys: published },
  }
}

const find = (kid: string) => keys.find({ alg: 'ES256', kid }, { payload: '', signature: '' })

beforeEach(() => {
  now = 0
  asked = []
  publish(a)
  keys = new IssuerKeys({
    url,
    now: () => now,
    async read(location) {
      asked.push(location)
      if (documents[location] === undefined) throw new Error(`${location}: nobody there`)
      return documents[location]
    },
  })
})

test('they are read once for many, and again after ten minutes', async () => {
  await Promise.all(Array.from({ length: 20 }, () => find('a')))
  assert.equal(asked.length, 2)
  now += 9 * 60_000
  await find('a')
  assert.equal(asked.length, 2)
  now += 2 * 60_000
  await find('a')
  assert.equal(asked.length, 4)
})

test('a new key is found at once, one that is gone is refused after ten minutes', async () => {
  await find('a')
  now += 60_000
  publish(b)
  await find('b')
  assert.equal(asked.length, 4)
  await assert.rejects(find('a'), /no applicable key found/)
})

test('whoever makes up names of keys causes no more than a request in ten seconds', async () => {
  for (; now < 100_000; now += 100) await assert.rejects(find(`made up ${now}`))
  assert.equal(asked.length, 2 * (1 + 10))
})

test('an issuer that is away is asked ever less often, and its keys go on for a day', async () => {
  await find('a')
  documents = {}
  for (now = 11 * 60_000; now < 60 * 60_000; now += 1_000) await find('a')
  assert.ok(asked.length < 30, `asked ${asked.length} times`)
  now = 24 * 3_600_000
  await find('a')
  now += 3_600_000
  await assert.rejects(find('a'), /nobody there/)
  publish(a)
  now += 3_600_000
  await find('a')
})

test('an issuer that was never there', async () => {
  documents = {}
  for (; now < 10_000; now += 100) await assert.rejects(find('a'), /nobody there/)
  assert.equal(asked.length, 4)
})

const wrong: readonly (readonly [name: string, discovery: unknown, set: unknown, message: RegExp])[] = [
  [
    'the document of another',
    { issuer: 'https://other.example', jwks_uri: 'https://keys.example.com/1' },
    {},
    /wanted the discovery document of/,
  ],
  [
    'without a slash at the end',
    { issuer: url.slice(0, -1), jwks_uri: 'https://keys.example.com/1' },
    {},
    /wanted the discovery document of/,
  ],
  ['no keys are named', { issuer: url }, {}, /no jwks_uri/],
  ['a list', [], {}, /wanted a discovery document/],
  ['no key set', { issuer: url, jwks_uri: 'https://keys.example.com/1' }, { keys: 7 }, /wanted a JSON Web Key Set/],
  ['something for a key', { issuer: url, jwks_uri: 'https://keys.example.com/1' }, { keys: [7] }, /malformed/],
]
for (const [name, discovery, set, message] of wrong) {
  test(`refused: ${name}`, async () => {
    documents = { [`${url}.well-known/openid-configuration`]: discovery, 'https://keys.example.com/1': set }
    await assert.rejects(find('a'), message)
  })
}
