/** Keys that have names in the service, asked for as cards name them: what holds of the key holds there, too. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiError, createClient, fetchTransport } from '@keytether/api'
import { SmartCardHsm } from '@keytether/driver'
import { Emulator, emulatorRoot, memoryStore } from '@keytether/emulator'
import { apiToken, Bench, hash } from '@keytether/test/service-bench'

async function emulated(): Promise<Emulator> {
  const emulator = await Emulator.open({ store: memoryStore() })
  const card = await SmartCardHsm.open(emulator, { roots: [emulatorRoot] })
  const userPin = Buffer.from('648219')
  await card.initialize({ soPin: Buffer.alloc(8, 1), userPin })
  await card.verifyPin(userPin)
  return emulator
}

test('a key that is suspended, or for others, signs nothing over /se/api', async () => {
  await using bench = await Bench.start({ devices: { roots: [emulatorRoot] } })
  await bench.dialIn(await emulated())
  const client = createClient({ send: fetchTransport(bench.service.url, apiToken), strict: true })
  const [group] = (await client.listGroups()).items
  const made = await client.createKey({
    body: { name: 'web', group: group!.name, kind: 'EC', curve: 'secp256r1', exportable: false },
  })
  const params = { key: 'web' }
  const { cardKeyId } = made.versions[0]!
  const [hsm] = await bench.get<{ id: string }[]>('/hsms')
  const paths = [`/keys/${cardKeyId}`, `/hsms/${hsm!.id}/keys/${cardKeyId}`]
  const outcomes = async () =>
    Promise.all(
      paths.map(async path => {
        const { status, answer } = await bench.ask('POST', `${path}/signhash`, { hash, algo: 'ECDSA' })
        return [status, (answer as { code?: string }).code]
      }),
    )
  const each = (status: number, code?: string) => paths.map(() => [status, code])

  assert.deepEqual(await outcomes(), each(200))
  await client.suspendKey({ params, body: {} })
  assert.deepEqual(await outcomes(), each(409, 'WRONG_STATE'))
  await client.activateKey({ params, body: {} })
  assert.deepEqual(await outcomes(), each(200))
  await client.updateKey({ params, body: { tags: ['payroll'] } })
  assert.deepEqual(await outcomes(), each(403, 'FORBIDDEN'))
  await client.updateKey({ params, body: { tags: [] } })
  await client.destroyKey({ params, body: { restorableDays: 1 } })
  assert.deepEqual(await outcomes(), each(409, 'WRONG_STATE'))
  await assert.rejects(
    client.sign({ params, body: { digest: Buffer.from(hash, 'hex').toString('base64'), algorithm: 'ECDSA_SHA256' } }),
    (error: unknown) => error instanceof ApiError && error.code === 'WRONG_STATE',
  )
})
