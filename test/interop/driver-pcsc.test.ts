/** The driver with the emulator, with Debian's pcscd and vpcd in between. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openPcsc, watchReaders } from '@keytether/driver'
import { attachVpcd, Emulator, emulatorRoot, memoryStore } from '@keytether/emulator'
import { missingPeers, sandboxPeers } from '@keytether/test/peers'
import { insideSandbox, virtualReaders } from '@keytether/test/sandbox'
import { driverSuite } from '../end-to-end/driver-suite.ts'

const missing = missingPeers(sandboxPeers)
const [{ name, port }] = virtualReaders

if (missing !== undefined) {
  test('driver over PC/SC', { skip: process.env.CI === 'true' ? false : missing }, () => assert.fail(missing))
} else if (await insideSandbox(import.meta.filename)) {
  describe('over PC/SC', () => {
    const out = new AbortController()
    let attached: Promise<void>
    let emulator: Emulator

    before(async () => {
      emulator = await Emulator.open({ store: memoryStore() })
      attached = attachVpcd(emulator, { port, signal: out.signal })
      const seen = new AbortController()
      await watchReaders(
        { signal: AbortSignal.any([seen.signal, AbortSignal.timeout(10_000)]) },
        ({ reader, state }) => {
          if (reader === name && state === 'card') seen.abort()
        },
      )
      assert.ok(seen.signal.aborted, 'the card is in the reader within 10 s')
    })
    after(async () => {
      out.abort()
      await attached
      await emulator.close()
    })

    // The card stays in the reader: it is one card that is initialised again and again, as a real one would be.
    driverSuite('emulator over PC/SC', { open: () => openPcsc(name), roots: [emulatorRoot] })
  })
}
