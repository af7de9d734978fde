/** `keytether card derive`. */
import { createPublicKey, ECDH, type KeyObject } from 'node:crypto'
import type { KeyInfo } from '@keytether/driver'
import type { Command } from 'commander'
import { type BytesOptions, bytesOptions, readContent, writeBytes } from '../../bytes-io.ts'
import { type CardOptions, cardOptions, withCard } from '../../card-access.ts'
import { CliError } from '../../errors.ts'
import { findKey } from '../../keys.ts'
import { type LoginOptions, login, loginOptions } from '../../login.ts'

export function derive(card: Command): void {
  const command = card
    .command('derive')
    .description('Agree on a secret with another party by an EC key (ECDH), or derive one from a label by an AES key')
    .argument('<key>', 'Label, id or reference of the key')
    .argument('[file]', "The other party's public key, PEM or DER, or the label; default standard input")
  bytesOptions(loginOptions(cardOptions(command)), 'hex').action(run)
}

async function run(
  name: string,
  file: string | undefined,
  options: CardOptions & LoginOptions & BytesOptions,
): Promise<void> {
  const content = await readContent(file)
  await withCard(options, async (device, signal) => {
    const key = await findKey(device, name)
    if (key.kind === 'AES') {
      await login(device, options, signal)
      return await writeBytes(options, await device.secretKeys.derive(key, content))
    }
    const peer = await peerPoint(key, parse(content, file ?? 'standard input'))
    await login(device, options, signal)
    await writeBytes(options, await device.ecdh(key, peer))
  })
}

/** The other party's point, if it is on the curve of the key. */
async function peerPoint(key: KeyInfo, peer: KeyObject): Promise<Uint8Array> {
  const { curveOf } = await import('@keytether/card')
  if (key.publicKey?.kind !== 'ec') throw new CliError('usage', `${key.label} is neither an EC key nor an AES key`)
  const curve = key.publicKey.domain && curveOf(key.publicKey.domain)
  const theirs = peer.asymmetricKeyDetails?.namedCurve
  if (curve !== undefined && curve.nodeName === theirs) return await point(peer)
  const other = theirs ?? `of type ${peer.asymmetricKeyType}`
  throw new CliError('usage', `the keys do not match: ${key.label} is on ${key.curve}, the other key is ${other}`)
}

/** 04 ‖ X ‖ Y, whichever form the key came in. */
async function point(key: KeyObject): Promise<Uint8Array> {
  const { publicKeyOf } = await import('@keytether/card')
  const publicKey = publicKeyOf(key.export({ type: 'spki', format: 'der' }))
  if (publicKey.kind !== 'ec') throw new TypeError('wanted an EC key')
  return ECDH.convertKey(publicKey.q, key.asymmetricKeyDetails!.namedCurve!) as Buffer
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
