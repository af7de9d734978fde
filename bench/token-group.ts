/** Emulated tokens that have one key in common. */
import { SmartCardHsm } from '@keytether/driver'
import { Emulator, emulatorRoot, memoryStore } from '@keytether/emulator'

const userPin = new TextEncoder().encode('648219')
const soPin = new TextEncoder().encode('57621880')
const share = new Uint8Array(32).fill(0x5a)

/** Tokens, logged in, all of which have one P-256 key. */
export async function tokenGroup(count: number): Promise<Emulator[]> {
  const tokens: Emulator[] = []
  let wrapped: Awaited<ReturnType<SmartCardHsm['wrapKey']>> | undefined
  for (let i = 0; i < count; i++) {
    const token = await Emulator.open({ store: memoryStore() })
    const card = await SmartCardHsm.open(token, { roots: [emulatorRoot] })
    await card.initialize({ soPin, userPin, dkekShares: 1, label: 'bench' })
    await card.keyDomains.importShare(0, share)
    if (wrapped) await card.unwrapKey(wrapped)
    else {
      const attributes = { label: 'shared', keyDomain: 0 }
      const { reference } = await card.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, attributes)
      wrapped = await card.wrapKey(reference)
    }
    tokens.push(token)
  }
  return tokens
}
