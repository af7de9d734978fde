import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decode, encode, fromHex, toHex } from '@keytether/codec'
import { rejects } from '@keytether/test/tables'
import { vectors } from '@keytether/test/vectors'
import { curveByName } from '../cvc/curves.ts'
import type { EcPublicKey } from '../cvc/public-key.ts'
import { verifyRequest } from '../cvc/verify.ts'
import {
  groupExtension,
  groupOf,
  groupUid,
  KeyDomainMembership,
  membershipMessage,
  verifyMembership,
} from './membership.ts'

const { pico } = vectors<{ pico: { membership: string } }>('key-domains.json')

describe('a membership of pico-hsm', () => {
  const membership = decode(KeyDomainMembership, fromHex(pico.membership))
  const { domain } = curveByName('secp256r1')
  const device = { ...(membership.device.body.value.publicKey as EcPublicKey), domain }
  const signer = membership.request.certificate.value.body.value.publicKey as EcPublicKey

  test('written again', () => assert.equal(toHex(encode(KeyDomainMembership, membership)), pico.membership))
  test('the group signer vouches for the device', () => {
    assert.ok(verifyMembership(signer, device, membership.signature))
    assert.equal(toHex(membershipMessage(device)), `54${toHex(device.q.subarray(1, 33))}`)
  })
  test('the device has made the group signer’s key', () => assert.ok(verifyRequest(membership.request, device)))
  test('not for another device, not by another signer, and not altered', () => {
    assert.ok(!verifyMembership(signer, signer, membership.signature))
    assert.ok(!verifyMembership(device, device, membership.signature))
    assert.ok(!verifyMembership(signer, device, membership.signature.with(5, 0)))
  })
  test('what the group is known by', () => assert.equal(toHex(groupUid(signer)), toHex(signer.q).slice(2)))
  rejects(KeyDomainMembership, [
    ['another type', pico.membership.replace('040201', '040301'), /wanted 2b0601040181c31f040201/],
    ['no signature', '300d 060b2b0601040181c31f040201', /issuer \(tag 61\) is missing/],
    ['something after it', `${pico.membership}00`, /1 bytes left over/],
  ])
})

describe('for which group a key is', () => {
  const body = {
    profile: 0,
    publicKey: { kind: 'ec', oid: new Uint8Array(), q: new Uint8Array() },
    holderReference: 'X',
  } as const
  const uid = new Uint8Array(64).fill(3)
  const extension = groupExtension(uid)
  test('written', () => assert.equal(toHex(extension.content), `8040${'03'.repeat(64)}`))
  test('read', () => assert.deepEqual(groupOf({ ...body, extensions: [extension] }), uid))
  test('none', () => {
    assert.equal(groupOf(body), undefined)
    assert.equal(groupOf({ ...body, extensions: [{ ...extension, oid: fromHex('2b06') }] }), undefined)
    assert.equal(groupOf({ ...body, extensions: [{ ...extension, content: fromHex('8103010203') }] }), undefined)
  })
})
