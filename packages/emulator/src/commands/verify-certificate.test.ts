/** Which keys a card believes, and how it comes to believe others. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeviceCertificates } from '@keytether/card'
import { decode } from '@keytether/codec'
import { chooseVerificationKey, custodian, deviceOf, verify } from '@keytether/test/custodian'
import { deviceIdentity } from '@keytether/test/device-identity'
import { apdu, emulatedToken } from '@keytether/test/emulated-token'
import { emulatorRoot } from '../identity.ts'

const other = await custodian('ZZCUSTODIAN00001')
const [certificate] = other.certificates
const root = emulatorRoot.certificate.body.value.holderReference

test('its own root, issuer and device, from the start', async () => {
  const token = await emulatedToken('selected')
  for (const name of [root, other.issuer, await deviceOf(token)]) {
    assert.equal(await token.send(chooseVerificationKey(name)), '9000', name)
  }
  assert.equal(await token.send(chooseVerificationKey('DESRCACC100001')), '6A88')
})

test('another device, after its certificate is verified, until the application is selected', async () => {
  const { send } = await emulatedToken('selected')
  assert.equal(await send(chooseVerificationKey(other.device)), '6A88')
  assert.equal(await send(chooseVerificationKey(other.issuer)), '9000')
  assert.equal(await send(verify(certificate!)), '9000')
  assert.equal(await send(chooseVerificationKey(other.device)), '9000')
  await send(apdu.select)
  assert.equal(await send(chooseVerificationKey(other.device)), '6A88')
})

test('refused', async () => {
  const { send } = await emulatedToken('selected')
  assert.equal(await send(verify(certificate!)), '6A88', 'no key chosen')
  assert.equal(await send(chooseVerificationKey(root)), '9000')
  assert.equal(await send(verify(certificate!)), '6A88', 'not the issuer')
  assert.equal(await send(chooseVerificationKey(other.issuer)), '9000')
  const signature = certificate!.signature.map((byte, index) => (index === 0 ? byte ^ 1 : byte))
  assert.equal(await send(verify({ ...certificate!, signature })), '6985', 'wrong signature')
  assert.equal(await send(chooseVerificationKey(other.device)), '6A88', 'and it leaves no key')
  assert.equal(await send(verify(certificate!)), '6A88', 'nor a key chosen')
  assert.equal(await send('002281B6 03 8301FF'), '6A80', 'a name that is none')
  assert.equal(await send('002A00BE 03 7F4E00'), '6A80', 'no certificate')
})

test('a device issues no certificates', async () => {
  const { send } = await emulatedToken('selected')
  await send(chooseVerificationKey(other.issuer))
  await send(verify(certificate!))
  await send(chooseVerificationKey(other.device))
  // What the device has signed as a request of its key, in the form of a certificate.
  const { certificate: inner, signature } = other.request
  assert.match(await send(verify({ ...inner.value, signature })), /6A88|6985/)
})

test('a chain under another root', async () => {
  const { send } = await emulatedToken('selected')
  const { certificates } = deviceIdentity('ZZOTHER000100000')
  const [device] = decode(DeviceCertificates, certificates)
  assert.equal(await send(chooseVerificationKey('ZZTESTCA00001')), '6A88')
  assert.equal(await send(chooseVerificationKey(other.issuer)), '9000')
  assert.equal(await send(verify(device!)), '6A88')
})

test('before the application is selected', async () => {
  const { send } = await emulatedToken('powered')
  assert.equal(await send(chooseVerificationKey(root)), '6E00')
  assert.equal(await send(verify(certificate!)), '6E00')
})
