/** The demonstration's token: initialised and with two keys, which the first start makes. */
import type { Channel, TrustRoot } from '@keytether/card'
import type { KeyInfo, KeySpec } from '@keytether/driver'
import { pinBytes, soPin, userPin } from '../pin.ts'
import { accepted } from '../presented-pin.ts'
import { openState } from '../state-file.ts'
import type { DataFolder } from './data-folder.ts'

export interface PreparedToken {
  readonly path: string
  readonly keys: readonly KeyInfo[]
  /** Labels of the keys that were made now. */
  readonly made: readonly string[]
}

const wanted: readonly (readonly [label: string, spec: KeySpec])[] = [
  ['demo-ec', { kind: 'ec', curve: 'secp256r1' }],
  ['demo-rsa', { kind: 'rsa', bits: 2048 }],
]

/** What an earlier start left undone is made up for. */
export async function prepareToken(data: DataFolder, roots: readonly TrustRoot[]): Promise<PreparedToken> {
  const emulator = await openState(data.stateFile)
  try {
    return await prepare(emulator, data, roots)
  } finally {
    await emulator.close()
  }
}

async function prepare(channel: Channel, data: DataFolder, roots: readonly TrustRoot[]): Promise<PreparedToken> {
  const { SmartCardHsm } = await import('@keytether/driver')
  const card = await SmartCardHsm.open(channel, { roots })
  await card.openSecureChannel()
  const pin = pinBytes(userPin, data.pin)
  if ((await card.pinStatus('user')).status === 'notInitialized') {
    accepted(await card.initialize({ soPin: pinBytes(soPin, data.soPin), userPin: pin, label: 'Keytether demo' }), 'so')
  }
  const { keys: found } = await card.inventory()
  const missing = wanted.filter(([label]) => !found.some(key => key.label === label))
  if (missing.length > 0) accepted(await card.verifyPin(pin), 'user')
  const keys = [...found]
  for (const [label, spec] of missing) keys.push(await card.generateKeyPair(spec, { label }))
  return { path: card.identity.path, keys, made: missing.map(([label]) => label) }
}
