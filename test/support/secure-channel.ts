/** Secure messaging with an emulated token. */
import assert from 'node:assert/strict'
import { AuthenticateChip, Certificate, hostHandshake, type SecureMessaging } from '@keytether/card'
import { fromHex, Reader, toHex } from '@keytether/codec'
import { emulatorRoot } from '@keytether/emulator'
import type { EmulatedToken } from './emulated-token.ts'

/** The chip's key, out of the certificate that the token presents. */
async function chipKey({ send }: EmulatedToken) {
  const file = fromHex((await send('00B12F02 000004 54020000 0000')).slice(0, -4))
  const device = Certificate.read(new Reader(file)).body.value.publicKey
  const parent = emulatorRoot.certificate.body.value.publicKey
  assert.ok(device.kind === 'ec' && parent.kind === 'ec')
  return { ...device, domain: parent.domain }
}

export async function openChannel(token: EmulatedToken): Promise<SecureMessaging> {
  const handshake = hostHandshake(await chipKey(token))
  assert.equal(await token.send(`002241A4 0C 800A${toHex(handshake.protocol)}`), '9000')
  const authenticate = AuthenticateChip.encodeRequest({}, { ephemeralKey: handshake.ephemeralKey })
  const answer = AuthenticateChip.decodeResponse(fromHex(await token.send(toHex(authenticate))))
  assert.ok(answer.status === 'ok')
  return handshake.open(answer.data)
}

/** The answer to a command that goes through the channel. */
export async function secure(token: EmulatedToken, messaging: SecureMessaging, command: string): Promise<string> {
  const answer = await token.send(toHex(messaging.protect(fromHex(command))))
  return toHex(messaging.unprotect(fromHex(answer))).toUpperCase()
}
