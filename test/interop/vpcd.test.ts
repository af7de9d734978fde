/** A virtual card of ours in vpcd, met by programs of others and by our own channel. */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Channel } from '@keytether/card'
import { fromHex } from '@keytether/codec'
import { openPcsc, type ReaderChange, watchReaders } from '@keytether/driver'
import { attachVpcd, type VpcdEvent } from '@keytether/emulator'
import { missingPeers, sandboxPeers } from '@keytether/test/peers'
import { insideSandbox, stopPcscd, virtualReaders } from '@keytether/test/sandbox'

const missing = missingPeers([...sandboxPeers, 'opensc-tool'])
const [first, second] = virtualReaders
const atr = fromHex('3BFE1800008131FE458031815448534D31738021408107FA')

if (missing !== undefined) {
  test('vpcd', { skip: process.env.CI === 'true' ? false : missing }, () => assert.fail(missing))
} else if (await insideSandbox(import.meta.filename)) {
  test('opensc-tool finds the card and talks to it', async t => {
    await attach(t.signal, echo(), async () => {
      const { stdout } = await promisify(execFile)('opensc-tool', ['--atr', '--send-apdu', '00:84:00:00:08'])
      assert.match(stdout, /3b:fe:18:00:00:81:31:fe:45:80:31:81:54:48:53:4d:31:73:80:21:40:81:07:fa/)
      assert.match(stdout, /Received \(SW1=0x90, SW2=0x00\):\s+00 84 00 00 08/)
    })
  })

  test('commands take less than a millisecond, and up to 65,533 bytes', async t => {
    await attach(t.signal, echo(), async () => {
      await using channel = await openPcsc(first.name)
      const command = new Uint8Array(65_533).map((_, index) => index)
      const [response] = await channel.transmit([command])
      assert.deepEqual(response, Uint8Array.of(...command, 0x90, 0x00))
      const started = performance.now()
      for (let count = 0; count < 500; count++) await channel.transmit([fromHex('00840000')])
      const each = (performance.now() - started) / 500
      // With delayed acknowledgements, each would take 40 ms.
      assert.ok(each < 5, `${each} ms each`)
    })
  })

  test('a second card in the same reader is told to wait, and takes the place of the first', async t => {
    const stop = new AbortController()
    const events: VpcdEvent[] = []
    t.after(() => stop.abort())
    const other = new AbortController()
    t.after(() => other.abort())
    const holder = attachVpcd(echo(), { signal: other.signal, port: second.port })
    await sleep(100)
    const waiter = attachVpcd(echo(), { signal: stop.signal, port: second.port, onEvent: event => events.push(event) })
    await sleep(3_500)
    other.abort()
    await holder
    for (let tries = 0; tries < 300 && events.length < 2; tries++) await sleep(10)
    stop.abort()
    await waiter
    const reason = `another card is in the reader at ${second.host}:${second.port}`
    assert.deepEqual(events, [{ state: 'waiting', reason }, { state: 'inserted' }])
  })

  test('pcscd stops and starts again: readers go and come, and the card is put back', async t => {
    const stop = new AbortController()
    t.after(() => stop.abort())
    const { signal } = stop
    const changes: ReaderChange[] = []
    const states = () => changes.filter(({ reader }) => reader === first.name).map(({ state }) => state)
    const until = async (last: ReaderChange['state']) => {
      for (let tries = 0; tries < 1_000 && states().at(-1) !== last; tries++) await sleep(10)
    }
    const attached = attachVpcd(echo(), { signal })
    const watched = watchReaders({ signal }, change => changes.push(change))
    await until('card')
    const channel = await openPcsc(first.name)
    stopPcscd()
    await until('gone')
    await assert.rejects(channel.transmit([fromHex('00840000')]), { name: 'ChannelError', code: 'TRANSPORT' })
    await channel.close()
    const pcscd = spawn('pcscd', ['-f'], { stdio: 'ignore' })
    await until('card')
    stop.abort()
    await Promise.all([attached, watched])
    const ended = once(pcscd, 'exit')
    pcscd.kill()
    await ended
    assert.match(states().join(' '), /^(empty )?card gone (empty )?card$/)
  })
}

/** A card that answers each command with itself. */
function echo(): Channel {
  return {
    atr,
    transmit: async commands => commands.map(command => Uint8Array.of(...command, 0x90, 0x00)),
    reset: async () => atr,
    close: async () => {},
  }
}

/** Runs with the card in the first reader, and waits until pcscd has seen it leave. */
async function attach(test: AbortSignal, card: Channel, run: () => Promise<void>): Promise<void> {
  const stop = new AbortController()
  const attached = attachVpcd(card, { signal: AbortSignal.any([stop.signal, test]) })
  try {
    await seen('card')
    await run()
  } finally {
    stop.abort()
    await attached
  }
  await seen('empty')
}

async function seen(state: ReaderChange['state']): Promise<void> {
  const stop = new AbortController()
  await watchReaders({ signal: AbortSignal.any([stop.signal, AbortSignal.timeout(5_000)]) }, change => {
    if (change.reader === first.name && change.state === state) stop.abort()
  })
  assert.ok(stop.signal.aborted, `${first.name}: ${state} within 5 s`)
}
