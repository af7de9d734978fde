/** A card that exists in memory alone, to see whether a backup can be restored. */
import { randomBytes, randomInt } from 'node:crypto'
import type { Backup } from '@keytether/custody'
import type { SmartCardHsm } from '@keytether/driver'
import { CliError } from '../errors.ts'
import { hex } from '../key-domains.ts'

/**
 * Has the key domain that the shares make. They are erased.
 *
 * @throws CliError if that is no key domain of the backup
 */
export async function withDrillCard(
  shares: readonly Uint8Array[],
  backup: Backup,
  use: (card: SmartCardHsm) => Promise<void>,
): Promise<void> {
  const { combineShares, keyEncryptionKey } = await import('@keytether/card')
  const { SmartCardHsm } = await import('@keytether/driver')
  const { Emulator, emulatorRoot, memoryStore } = await import('@keytether/emulator')
  const key = combineShares(shares)
  try {
    checkDomain(keyEncryptionKey(key).keyCheckValue, backup)
    const emulator = await Emulator.open({ store: memoryStore() })
    try {
      const card = await SmartCardHsm.open(emulator, { roots: [emulatorRoot] })
      const userPin = Buffer.from(String(randomInt(1e6, 1e7)))
      await card.initialize({ soPin: randomBytes(8), userPin, dkekShares: 1 })
      // To the card, one share is as good as several: what counts is what they make together.
      await card.keyDomains.importShare(0, key)
      await card.verifyPin(userPin)
      await use(card)
    } finally {
      await emulator.close()
    }
  } finally {
    for (const secret of [key, ...shares]) secret.fill(0)
  }
}

function checkDomain(keyCheckValue: Uint8Array, { keyDomains }: Backup): void {
  const value = hex(keyCheckValue)
  const known = keyDomains.map(domain => ({ index: domain.index, value: hex(domain.keyCheckValue) }))
  if (known.some(domain => domain.value === value)) return
  const words = known.map(domain => `its key domain ${domain.index} has key check value ${domain.value}`)
  throw new CliError(
    'failed',
    `these shares are not those of the backup: ${[...words, `they make ${value}`].join(', ')}`,
    ['a share is missing, or one is of another key domain'],
  )
}
