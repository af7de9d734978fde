/** The driver with the emulator, with Debian's pcscd and vpcd in between. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { algorithm, subjectPublicKeyInfo } from '@keytether/card'
import { fromHex } from '@keytether/codec'
import { openPcsc, SmartCardHsm, watchReaders } from '@keytether/driver'
import { attachVpcd, Emulator, emulatorRoot, memoryStore } from '@keytether/emulator'
import { missingPeers, sandboxPeers } from '@keytether/test/peers'
import { insideSandbox, virtualReaders } from '@keytether/test/sandbox'
import { selfSigned } from '@keytether/test/x509'
import { driverSuite } from '../end-to-end/driver-suite.ts'

const missing = missingPeers([...sandboxPeers, 'pkcs15-tool'])
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

    test('OpenSC finds keys, certificates and data that the driver has made', async () => {
      await using channel = await openPcsc(name)
      const hsm = await SmartCardHsm.open(channel, { roots: [emulatorRoot] })
      await hsm.openSecureChannel()
      await hsm.initialize({ soPin: Buffer.from('57621880'), userPin: Buffer.from('648219'), label: 'our token' })
      const ec = await hsm.generateKeyPair(
        { kind: 'ec', curve: 'secp384r1' },
        { label: 'our EC key', id: fromHex('A1') },
      )
      const rsa = await hsm.generateKeyPair({ kind: 'rsa', bits: 2048 }, { label: 'our RSA key', id: fromHex('B2') })
      const signer = await hsm.generateKeyPair(
        { kind: 'ec', curve: 'secp256r1' },
        { label: 'signer', id: fromHex('C3') },
      )
      const certificate = await selfSigned('our subject', subjectPublicKeyInfo(signer.publicKey!), bytes =>
        hsm.sign(signer.reference, algorithm.ecdsaSha256, bytes),
      )
      await hsm.writeCertificate(signer.reference, certificate)
      await hsm.addCertificate('our issuer', certificate, fromHex('D4'))
      await hsm.addData('our data', Buffer.from('data'))
      await channel.close()

      const run = promisify(execFile)
      const { stdout } = await run('pkcs15-tool', ['--dump'])
      for (const each of [
        /PKCS#15 Card \[our token\]/,
        /Private EC Key \[our EC key\].*?FieldLength\s*: 384.*?Key ref\s*: 1 .*?ID\s*: a1/s,
        /Private RSA Key \[our RSA key\].*?ModLength\s*: 2048.*?Key ref\s*: 2 .*?ID\s*: b2/s,
        /Private EC Key \[signer\].*?ID\s*: c3/s,
        /X.509 Certificate \[signer\].*?ID\s*: c3/s,
        /X.509 Certificate \[our issuer\].*?ID\s*: d4/s,
        /Data object 'our data'/,
      ]) {
        assert.match(stdout, each)
      }
      assert.deepEqual([ec.reference, rsa.reference], [1, 2])
      const { stdout: pem } = await run('pkcs15-tool', ['--read-certificate', 'd4'])
      assert.deepEqual(new X509Certificate(pem).raw, Buffer.from(certificate))
    })

    // The card stays in the reader: it is one card that is initialised again and again, as a real one would be.
    driverSuite('emulator over PC/SC', { open: () => openPcsc(name), roots: [emulatorRoot] })
  })
}
