/** `keytether card derive`. */
import { createPublicKey, type KeyObject } from 'node:crypto'
import type { Command } from 'commander'
import { type BytesOptions, bytesOptions, readContent, writeBytes } from '../../bytes-io.ts'
import { type CardOptions, cardOptions, withCard } from '../../card-access.ts'
import { CliError } from '../../errors.ts'
import { findKey } from '../../keys.ts'
import { type LoginOptions, login, loginOptions } from '../../login.ts'

export function derive(card: Command): void {
  const command = card
    .command('derive')
    .description('Agree on a secret with another party (ECDH): the X coordinate of the shared point')
    .argument('<key>', 'Label, id or reference of the key')
    .argument('[file]', "The other party's public key, PEM or DER; default standard input")
  bytesOptions(loginOptions(cardOptions(command)), 'hex').action(run)
}

async function run(
  name: string,
  file: string | undefined,
  options: CardOptions & LoginOptions & BytesOptions,
): Promise<void> {
  const peer = parse(await readContent(file), file ?? 'standard input')
  const { curves, publicKeyObject } = await import('@keytether/card')
  await withCard(options, async (device, signal) => {
    const key = await findKey(device, name)
    if (key.kind !== 'EC' || key.publicKey === undefined) throw new CliError('usage', `${key.label} is no EC key`)
    const { namedCurve } = publicKeyObject(key.publicKey).asymmetricKeyDetails ?? {}
    const peerCurve = peer.asymmetricKeyDetails?.namedCurve
    if (peerCurve !== namedCurve) {
      const named = curves.find(({ nodeName }) => nodeName === peerCurve)?.name ?? peer.asymmetricKeyType
      throw new CliError('usage', `the keys do not match: ${key.label} is on ${key.curve}, the other is ${named}`)
    }
    await login(device, options, signal)
    await writeBytes(options, await device.ecdh(key, point(peer, key.bits)))
  })
}

/** 04 ‖ X ‖ Y, which is how the SubjectPublicKeyInfo of a key on a named curve ends. */
function point(key: KeyObject, bits: number): Uint8Array {
  const spki = key.export({ type: 'spki', format: 'der' })
  return spki.subarray(spki.length - 2 * Math.ceil(bits / 8) - 1)
}

function parse(content: Uint8Array, source: string): KeyObject {
  const key = Buffer.from(content)
  const pem = key.includes('-----BEGIN')
  try {
    return createPublicKey(pem ? { key, format: 'pem' } : { key, format: 'der', type: 'spki' })
  } catch (cause) {
    throw new CliError('failed', `${source} holds no public key in PEM or DER`, [], { cause })
  }
}
