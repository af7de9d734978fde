/**
 * What is there to be killed under load: the service (`service SETTINGS`), or the agent of a card of the process that started
 * it (`agent URL`).
 */
import { runAgent } from '@keytether/agent'
import { emulatorRoot } from '@keytether/emulator'
import { createLog, startService } from '@keytether/server'
import { cardOf } from './remote-card.ts'

const [role, parameter] = process.argv.slice(2)
const peer = process as unknown as Parameters<typeof cardOf>[0]

if (role === 'service') {
  const { port, token, database } = JSON.parse(parameter!) as { port: number; token: string; database: string }
  const devices = { roots: [emulatorRoot], admit: 'genuine' } as const
  const masterKey = { key: new Uint8Array(32).fill(7) }
  const config = { host: '127.0.0.1', port, tokens: [token], database, masterKey, devices }
  const { url } = await startService(config, createLog('silent'))
  process.send!({ url })
} else {
  const { signal } = new AbortController()
  const pin = async () => new Uint8Array(Buffer.from('648219'))
  process.once('disconnect', () => process.exit())
  await runAgent({ url: parameter!, open: async () => cardOf(peer, 0), pin, signal })
}
