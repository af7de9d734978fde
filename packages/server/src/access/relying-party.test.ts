import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SoftAuthenticator } from '@keytether/test/soft-authenticator'
import { RelyingParty } from './relying-party.ts'

const origin = 'https://hsm.example.com'
const ann = { principal: 'prn_ann', name: 'ann', tenant: 'main' }

const elsewhere = { origin: 'https://hsm.example.org', rpId: 'hsm.example.org' }

for (const [what, saying] of [
  ['a page elsewhere', { origin: elsewhere.origin }],
  ['a page of another port', { origin: `${origin}:8443` }],
  ['a passkey for another name', { rpId: elsewhere.rpId }],
  ['a signature in place of a passkey', { type: 'webauthn.get' }],
  ['a challenge of somebody else', { challenge: 'bob' }],
  ['a challenge to sign in with', { challenge: 'signing-in' }],
  ['a challenge that was not given', { challenge: 'AAAA' }],
  ['an authenticator that has not verified its owner', { verified: false }],
  [
    'an attestation, which could name addresses',
    { attestation: { format: 'packed', certificates: [new Uint8Array(300)] } },
  ],
  ['an attestation of another form', { attestation: { format: 'fido-u2f' } }],
] as const) {
  test(`no passkey from ${what}`, async () => {
    const party = new RelyingParty(origin)
    const challenges: Record<string, string> = {
      ann: (await party.creationOptions(ann, [])).challenge,
      bob: (await party.creationOptions({ ...ann, principal: 'prn_bob' }, [])).challenge,
      'signing-in': (await party.requestOptions()).challenge,
    }
    const { challenge: which = 'ann', ...rest } = saying as { readonly challenge?: string }
    const response = new SoftAuthenticator(origin).create({ ...rest, challenge: challenges[which] ?? which })
    await assert.rejects(party.passkey('prn_ann', 'phone', response), {
      code: 'BAD_REQUEST',
      message: /^wanted a new passkey for https:\/\/hsm\.example\.com: /,
    })
  })
}

async function registered() {
  const party = new RelyingParty(`${origin}/`)
  const authenticator = new SoftAuthenticator(origin)
  const options = await party.creationOptions(ann, [])
  assert.deepEqual(
    [options.rp.id, options.user.name, Buffer.from(options.user.id, 'base64url').toString(), options.attestation],
    ['hsm.example.com', 'ann (main)', 'prn_ann', 'none'],
  )
  const response = authenticator.create({ challenge: options.challenge, signCount: 5 })
  const { name, credentialId, signCount, transports, publicKey } = await party.passkey('prn_ann', 'phone', response)
  assert.deepEqual([name, credentialId, signCount, transports], ['phone', authenticator.id, 5, ['internal']])
  await assert.rejects(party.passkey('prn_ann', 'phone', response), { code: 'BAD_REQUEST' })
  const key = { principal: 'prn_ann', credentialId, publicKey, signCount }
  const find = async (id: string) => (id === credentialId ? key : undefined)
  return { party, authenticator, find, right: { userHandle: 'prn_ann', signCount: 6 } }
}

test('a signature is good once', async () => {
  const { party, authenticator, find, right } = await registered()
  const { challenge, rpId, userVerification, allowCredentials } = await party.requestOptions()
  assert.deepEqual([rpId, userVerification, allowCredentials], ['hsm.example.com', 'required', undefined])
  const response = authenticator.get({ ...right, challenge })
  const assertion = await party.assertion(response, find)
  assert.deepEqual([assertion?.signCount, assertion?.key.principal], [6, 'prn_ann'])
  assert.equal(await party.assertion(response, find), undefined)
})

for (const [what, saying] of [
  ['a page elsewhere', { origin: elsewhere.origin }],
  ['another name', { rpId: elsewhere.rpId }],
  ['a new passkey in place of a signature', { type: 'webauthn.create' }],
  ['a challenge that was not given', { challenge: 'AAAA' }],
  ['an authenticator that has not verified its owner', { verified: false }],
  ['a copy, whose count is behind', { signCount: 5 }],
  ['somebody else', { userHandle: 'prn_bob' }],
  ['nobody', { userHandle: '' }],
] as const) {
  test(`no sign-in from ${what}`, async () => {
    const { party, authenticator, find, right } = await registered()
    const { challenge } = await party.requestOptions()
    assert.equal(await party.assertion(authenticator.get({ ...right, challenge, ...saying }), find), undefined)
  })
}

test('a challenge is good for five minutes, however many others are given', async t => {
  const { party, authenticator, find, right } = await registered()
  const { challenge } = await party.requestOptions()
  for (let n = 0; n < 1_000; n++) await party.requestOptions()
  assert.ok(await party.assertion(authenticator.get({ ...right, challenge }), find))
  const { challenge: old } = await party.requestOptions()
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 5 * 60_000 + 1 })
  assert.equal(await party.assertion(authenticator.get({ ...right, signCount: 7, challenge: old }), find), undefined)
  const { challenge: fresh } = await party.requestOptions()
  assert.ok(await party.assertion(authenticator.get({ ...right, signCount: 7, challenge: fresh }), find))
})

test('of two who come with the same signature at once, one signs in', async () => {
  const { party, authenticator, find, right } = await registered()
  const { challenge } = await party.requestOptions()
  const response = authenticator.get({ ...right, challenge })
  const both = await Promise.all([party.assertion(response, find), party.assertion(response, find)])
  assert.equal(both.filter(one => one !== undefined).length, 1)
})

test('no sign-in with the signature of another key, or of a key that is not there', async () => {
  const { party, authenticator, find, right } = await registered()
  const other = new SoftAuthenticator(origin)
  const response = other.get({ ...right, challenge: (await party.requestOptions()).challenge })
  assert.equal(await party.assertion({ ...response, id: authenticator.id, rawId: authenticator.id }, find), undefined)
  assert.equal(await party.assertion(response, find), undefined)
})
