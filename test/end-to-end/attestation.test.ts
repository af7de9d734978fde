/** From keys in an emulated token to whoever wants to know that they are there: driver, command line, and openssl's requests. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import {
  Attestation,
  AuthenticatedRequest,
  Certificate,
  type Channel,
  curveByName,
  decodeCommand,
  type EcPublicKey,
  fileId,
  publicKeyObject,
  subjectPublicKeyInfo,
  UpdateBinary,
  verifyAttestation,
} from '@keytether/card'
import { bytes, concat, decode, encode, fromHex, struct, tlv, tlvs, toHex, u16 } from '@keytether/codec'
import { type KeyInfo, planTransfer, readTarget, readToken, SmartCardHsm, transfer } from '@keytether/driver'
import { Emulator, emulatorRoot, memoryStore } from '@keytether/emulator'
import { keytether } from '@keytether/test/keytether'
import { requirePeers } from '@keytether/test/peers'
import { watched } from '@keytether/test/scripted-card'
import { selfSigned } from '@keytether/test/x509'

const roots = [emulatorRoot]
const userPin = Buffer.from('648219')
const p256 = { kind: 'ec', curve: 'secp256r1' } as const

interface Opened {
  readonly hsm: SmartCardHsm
  /** Sends a command as other software would. */
  readonly send: (command: string) => Promise<string>
}

interface Making {
  readonly around?: (emulator: Channel) => Channel
  readonly dkekShares?: number
  readonly keyDomains?: number
}

async function device({ around = emulator => emulator, ...settings }: Making = {}): Promise<Opened> {
  const emulator = await Emulator.open({ store: memoryStore() })
  const hsm = await SmartCardHsm.open(around(emulator), { roots })
  await hsm.initialize({ soPin: Buffer.from('57621880'), userPin, label: 'attested', ...settings })
  const send = async (command: string) => toHex((await emulator.transmit([fromHex(command)]))[0]!)
  return { hsm, send }
}

function certificateFor(hsm: SmartCardHsm, key: KeyInfo): Promise<Uint8Array> {
  const spki = subjectPublicKeyInfo(key.publicKey!)
  return selfSigned('attested', spki, message => hsm.sign(key.reference, 0x73, message))
}

const content = tlvs({ offset: tlv(0x54, u16), data: tlv(0x53, bytes()) })

/** UPDATE BINARY in the clear, with a length of two bytes. */
function updating(file: number, data: Uint8Array): string {
  const body = encode(content, { offset: 0, data })
  return `00D7 ${toHex(encode(struct({ file: u16 }), { file }))} 00 ${toHex(encode(u16, body.length))} ${toHex(body)}`
}

describe('the driver', () => {
  test('all keys in two round trips, each verified by who trusts the root', async () => {
    let channel: ReturnType<typeof watched> | undefined
    const { hsm } = await device({ around: emulator => (channel = watched(emulator)) })
    const keys = [
      await hsm.generateKeyPair(p256, { label: 'web', algorithms: [0x70, 0x73], useCounter: 9 }),
      await hsm.generateKeyPair({ kind: 'ec', curve: 'brainpoolP384r1' }, { label: 'other' }),
      await hsm.generateKeyPair({ kind: 'rsa', bits: 2048 }, { label: 'mail' }),
    ]
    const before = channel!.count
    const { attestation, notAttested } = await hsm.attest()
    assert.equal(channel!.count - before, 2)
    assert.deepEqual(notAttested, [])
    const { chain, keys: verdicts } = verifyAttestation(attestation, roots)
    assert.ok(chain.ok)
    assert.equal(chain.path, hsm.identity.path)
    for (const [index, verdict] of verdicts.entries()) {
      assert.ok(verdict.ok)
      assert.ok(publicKeyObject(verdict.publicKey).equals(publicKeyObject(keys[index]!.publicKey!)))
    }
    assert.deepEqual(attestation.keys[0]?.told, {
      reference: 1,
      label: 'web',
      id: keys[0]!.id,
      algorithms: [0x70, 0x73],
      useCounter: 9,
    })
    assert.equal((await hsm.attest([2])).attestation.keys[0]?.told.label, 'other')
    await assert.rejects(hsm.attest([7]), { code: 'KEY_NOT_FOUND' })
  })

  test('a certificate takes the place of the request, which is kept, also from one certificate to the next', async () => {
    const { hsm, send } = await device()
    const key = await hsm.generateKeyPair(p256, { label: 'web' })
    const { attestation } = await hsm.attest()
    for (const _ of ['first', 'renewed']) {
      assert.equal(await hsm.writeCertificate(1, await certificateFor(hsm, key)), true)
      assert.deepEqual((await hsm.attest()).attestation, attestation)
    }
    await hsm.deleteKey(1)
    assert.match(await send('00B1CB01 04 54020000 00'), /6a82$/)
  })

  test('of a key whose certificate was written by other software there is no request any more', async () => {
    const { hsm, send } = await device()
    const key = await hsm.generateKeyPair(p256, { label: 'web' })
    const certificate = await certificateFor(hsm, key)
    assert.match(await send('00E40200 02 CE01'), /9000$/)
    assert.match(await send(updating(fileId('keyCertificate', 1), certificate)), /9000$/)
    const { attestation, notAttested } = await hsm.attest()
    assert.deepEqual(attestation.keys, [])
    assert.deepEqual(
      notAttested.map(({ key: { label }, reason }) => [label, reason]),
      [['web', 'noRequest']],
    )
    assert.equal(await hsm.writeCertificate(1, certificate), false)
  })

  test('what is kept of a deleted key is never taken for that of the next', async () => {
    const { hsm, send } = await device()
    const first = await hsm.generateKeyPair(p256, { label: 'first' })
    await hsm.writeCertificate(1, await certificateFor(hsm, first))
    for (const file of ['CC01', 'C401', 'CE01']) assert.match(await send(`00E40200 02 ${file}`), /9000$/)
    const second = await hsm.generateKeyPair(p256, { label: 'second', reference: 1 })
    await hsm.writeCertificate(1, await certificateFor(hsm, second))
    const [verdict] = verifyAttestation((await hsm.attest()).attestation, roots).keys
    assert.ok(verdict?.ok)
    assert.ok(publicKeyObject(verdict.publicKey).equals(publicKeyObject(second.publicKey!)))
  })

  test('what the card tells of export is in it; a copy is attested where the key was made, and not where it is', async () => {
    const [one, two] = [await device({ dkekShares: 1 }), await device({ dkekShares: 1 })]
    for (const { hsm } of [one, two]) await hsm.keyDomains.importShare(0, Buffer.alloc(32, 7))
    await one.hsm.generateKeyPair(p256, { label: 'web' })
    const { attestation } = await one.hsm.attest()
    const { keyDomains } = await one.hsm.inventory()
    const { keyCheckValue } = keyDomains[0]!
    assert.deepEqual(attestation.keys[0]?.told.keyDomain, { index: 0, kind: 'DKEK', keyCheckValue })

    await two.hsm.unwrapKey(await one.hsm.wrapKey(1))
    const copied = await two.hsm.attest()
    assert.deepEqual(copied.attestation.keys, [])
    assert.deepEqual(
      copied.notAttested.map(({ reason }) => reason),
      ['otherDevice'],
    )
  })

  test('a request that was kept beside a certificate comes back with a backup', async () => {
    const { hsm } = await device({ dkekShares: 1 })
    const prepare = () => hsm.keyDomains.importShare(0, Buffer.alloc(32, 7))
    await prepare()
    await hsm.writeCertificate(1, await certificateFor(hsm, await hsm.generateKeyPair(p256, { label: 'web' })))
    const { attestation } = await hsm.attest()
    const content = await readToken(hsm, await hsm.inventory())

    await hsm.initialize({ soPin: Buffer.from('57621880'), userPin, dkekShares: 1, label: 'again' })
    await prepare()
    const { keys } = await transfer(hsm, planTransfer(content, await readTarget(hsm, content)))
    assert.deepEqual(
      keys.map(({ status }) => status),
      ['copied'],
    )
    assert.deepEqual((await hsm.attest()).attestation, attestation)
  })

  test('the group of an exchange key is signed; that of other keys is told', async () => {
    const [signer, { hsm }] = [await device(), await device({ keyDomains: 2 })]
    const { reference, publicKey } = await signer.hsm.groups.createSigner('group')
    await hsm.groups.join(1, await signer.hsm.groups.issueMembership(reference, hsm.identity.devicePublicKey))
    await hsm.groups.exchangeKey(1)
    await hsm.generateKeyPair(p256, { label: 'web', keyDomain: 1 })
    const uid = (publicKey as EcPublicKey).q.slice(1)
    const { attestation } = await hsm.attest()
    const { keys } = verifyAttestation(decode(Attestation, encode(Attestation, attestation)), roots)
    assert.deepEqual(
      keys.map(key => key.ok && key.keyDomainUid),
      [uid, undefined],
    )
    for (const { told } of attestation.keys) assert.deepEqual(told.keyDomain, { index: 1, kind: 'XKEK', uid })
  })

  test('secret keys have no request', async () => {
    const { hsm } = await device()
    await hsm.secretKeys.generate(256, { label: 'files' })
    const { notAttested } = await hsm.attest()
    assert.deepEqual(
      notAttested.map(({ key, reason }) => [key.label, reason]),
      [['files', 'secretKey']],
    )
  })

  test('metadata of other software stay', async () => {
    const { hsm, send } = await device()
    const key = await hsm.generateKeyPair(p256, { label: 'web' })
    assert.match(await send(updating(fileId('metaData', 1), fromHex('A0020500'))), /9000$/)
    assert.equal(await hsm.writeCertificate(1, await certificateFor(hsm, key)), false)
    assert.equal(await send('00B1CB01 04 54020000 00'), 'a00205006282')
  })

  test('a card without a place for metadata takes the certificate nevertheless', async () => {
    const { hsm } = await device({
      around: emulator =>
        watched(emulator, (command, response) => {
          const apdu = decodeCommand(command)
          const refuses = UpdateBinary.matches(apdu) && apdu.p1 === 0xcb
          return refuses ? fromHex('6A86') : response
        }),
    })
    const key = await hsm.generateKeyPair(p256, { label: 'web' })
    const certificate = await certificateFor(hsm, key)
    assert.equal(await hsm.writeCertificate(1, certificate), false)
    assert.deepEqual(await hsm.readCertificate(1), certificate)
  })
})

/** A certificate request (PKCS #10) for a key; nobody has signed it. */
function requestFor(spki: Uint8Array): Uint8Array {
  const sequence = (...parts: Uint8Array[]) => encode(tlv(0x30, bytes()), concat(...parts))
  return sequence(sequence(fromHex('020100 3000'), spki, fromHex('A000')), fromHex('3000 030100'))
}

describe('the command line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keytether-attestation-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  const file = (name: string) => join(folder, name)
  const card = (...args: string[]) => keytether(['card', ...args, '--emulator', file('token.state')])
  const verify = (...args: string[]) => keytether(['verify-attestation', ...args])
  const trusting = ['--trust', file('root.cvc')]

  before(async () => {
    writeFileSync(file('so-pin'), '3537363231383830\n')
    writeFileSync(file('pin'), '648219\n')
    const pins = ['--so-pin-file', file('so-pin'), '--pin-file', file('pin')]
    const runs = [
      await card('initialize', '--yes', ...pins),
      await keytether(['emulator', 'root', '--out', file('root.cvc')]),
    ]
    const generate = ['generate', '--pin-file', file('pin'), '--label']
    runs.push(await card(...generate, 'web', '--ec', 'secp256r1', '--attestation', file('web.json')))
    runs.push(await card(...generate, 'mail', '--rsa', '2048'))
    runs.push(await card('attest', '--out', file('all.json')))
    for (const { code, stderr } of runs) assert.equal(code, 0, stderr)
  })

  test('genuine under a root that was named, and under no other', async () => {
    const right = await verify(file('all.json'), ...trusting)
    assert.equal(right.code, 0, right.stderr)
    assert.match(right.stdout, /^Device : ZZEMULATOR\/ZZEMULCA\/ZZEMU\w{6}$/m)
    assert.match(right.stdout, /^Root +: ZZEMULATOR00001 \(not CardContact: a root of your own\)$/m)
    assert.match(right.stdout, /^key 1, web: genuine$/m)
    assert.match(right.stdout, /^key 2, mail: genuine$/m)

    const without = await verify(file('all.json'))
    assert.equal(without.code, 1)
    assert.match(without.stdout, /^Device : not verified: its certificates lead to a root that is not trusted here$/m)
    assert.match(without.stderr, /^error: 2 of 2 keys not proven.*\nhint: .*--trust FILE\n$/)
  })

  test('the key in a request, a certificate or by itself', async t => {
    if (!requirePeers(t, ['openssl'])) return
    await card('public-key', 'web', '--out', file('web.pem'))
    const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
    openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      'ca.key',
      '-subj',
      '/CN=ca',
      '-out',
      'ca.pem',
    )
    openssl('req', '-new', '-key', 'ca.key', '-subj', '/CN=other', '-out', 'other.csr')
    openssl(
      'x509',
      '-req',
      '-in',
      'other.csr',
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-force_pubkey',
      'web.pem',
      '-out',
      'web.crt',
    )
    openssl('pkey', '-pubin', '-in', 'web.pem', '-outform', 'DER', '-out', 'web.der')
    writeFileSync(file('web.csr'), requestFor(readFileSync(file('web.der'))))
    for (const key of [
      ['--csr', 'web.csr'],
      ['--public-key', 'web.pem'],
      ['--public-key', 'web.der'],
      ['--certificate', 'web.crt'],
    ] as const) {
      const { code, stdout, stderr } = await verify(file('web.json'), ...trusting, key[0], file(key[1]), '--json')
      assert.equal(code, 0, stderr)
      assert.equal(JSON.parse(stdout).match, 1)
    }
    openssl('req', '-in', 'other.csr', '-outform', 'DER', '-out', 'other.der')
    for (const [option, name] of [
      ['--csr', 'other.csr'],
      ['--csr', 'other.der'],
      ['--certificate', 'ca.pem'],
    ] as const) {
      const { code, stdout, stderr } = await verify(file('all.json'), ...trusting, option, file(name))
      assert.match(stdout, /^key 1, web: genuine$/m)
      assert.match(stderr, /^error: no key of the attestation is the one in .*other|ca/)
      assert.equal(code, 1)
    }
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    writeFileSync(file('short.pem'), publicKey.export({ type: 'spki', format: 'pem' }))
    assert.equal((await verify(file('all.json'), ...trusting, '--public-key', file('short.pem'))).code, 1)
    for (const [option, name] of [
      ['--csr', 'web.pem'],
      ['--certificate', 'web.pem'],
      ['--public-key', 'root.cvc'],
    ] as const) {
      const { code, stderr } = await verify(file('all.json'), ...trusting, option, file(name))
      assert.match(stderr, /^error: .* holds no /)
      assert.equal(code, 1)
    }
    assert.equal((await verify(file('all.json'), '--csr', 'a', '--certificate', 'b')).code, 2)
  })

  test('OpenSSL finds the same signatures in the document', t => {
    if (!requirePeers(t, ['openssl'])) return
    const { deviceCertificates, keys } = JSON.parse(readFileSync(file('all.json'), 'utf8'))
    const plain = (r: Buffer) => {
      const number = r.subarray(r.findIndex(byte => byte !== 0))
      const positive = number[0]! < 0x80 ? number : Buffer.concat([Buffer.from([0]), number])
      return Buffer.concat([Buffer.from([0x02, positive.length]), positive])
    }
    /** r and s of 32 bytes each, as OpenSSL wants them. */
    const der = (signature: Buffer) => {
      const both = Buffer.concat([plain(signature.subarray(0, 32)), plain(signature.subarray(32))])
      return Buffer.concat([Buffer.from([0x30, both.length]), both])
    }
    const verified = (publicKey: string, message: Uint8Array, signature: Uint8Array) => {
      writeFileSync(file('signer.pem'), publicKey)
      writeFileSync(file('message'), message)
      writeFileSync(file('signature'), signature)
      const args = ['dgst', '-sha256', '-verify', 'signer.pem', '-signature', 'signature', 'message']
      return execFileSync('openssl', args, { cwd: folder, encoding: 'utf8' })
    }
    const device = decode(Certificate, Buffer.from(deviceCertificates[0], 'base64')).body.value.publicKey as EcPublicKey
    const deviceKey = publicKeyObject({ ...device, domain: curveByName('brainpoolP256r1').domain })
    const devicePem = deviceKey.export({ type: 'spki', format: 'pem' }) as string
    for (const { signedByDevice } of keys) {
      const request = Buffer.from(signedByDevice.request, 'base64')
      const outer = request.subarray(-64)
      // Behind tag and length of the whole, before those of the signature at the end.
      const part = request.subarray(request.indexOf('7f21', 'hex'), -64 - 3)
      assert.match(verified(devicePem, part, der(outer)), /Verified OK/)
      const { body, signature } = decode(AuthenticatedRequest, request).certificate.value
      const own = signedByDevice.publicKey.length > 200 ? signature : der(Buffer.from(signature))
      assert.match(verified(signedByDevice.publicKey, body.raw, own), /Verified OK/)
    }
  })

  test('whether the key can be exported, as far as the card tells', async () => {
    const shared = (...args: string[]) => keytether(['card', ...args, '--emulator', file('shared.state')])
    const pins = ['--so-pin-file', file('so-pin'), '--pin-file', file('pin')]
    const runs = [await shared('initialize', '--yes', ...pins, '--dkek-shares', '1')]
    const generate = ['generate', '--pin-file', file('pin'), '--ec', 'secp256r1', '--label']
    runs.push(await shared(...generate, 'copied'), await shared(...generate, 'kept', '--not-exportable'))
    runs.push(await shared('attest', '--out', file('shared.json')))
    for (const { code, stderr } of runs) assert.equal(code, 0, stderr)
    const { stdout } = await verify(file('shared.json'), ...trusting)
    assert.match(
      stdout,
      /^key 1, copied: genuine\n(?: .*\n)* {2}Export +: under its key domain, by who has the PIN, .* did not sign it$/m,
    )
    assert.match(stdout, /^key 2, kept: genuine\n(?: .*\n)* {2}Export +: not allowed for this key .* did not sign it$/m)
    assert.match(stdout, /It does not mean that the key has not been exported since/)
    const { keys } = JSON.parse((await verify(file('shared.json'), ...trusting, '--json')).stdout)
    assert.deepEqual(
      keys.map((key: { export: string }) => key.export),
      ['domain', 'notAllowed'],
    )
  })

  test('what was changed on the way', async () => {
    const json = JSON.parse(readFileSync(file('all.json'), 'utf8'))
    const changed = async (change: (document: typeof json) => void) => {
      const document = structuredClone(json)
      change(document)
      writeFileSync(file('changed.json'), JSON.stringify(document))
      return verify(file('changed.json'), ...trusting)
    }
    const label = await changed(it => (it.keys[0].toldByCard.label = '\u001b[2Jweb\u202e'))
    assert.equal(label.code, 0, 'the label is not signed')
    assert.match(label.stdout, /^key 1, \?\[2Jweb\?: genuine$/m)
    const swapped = await changed(
      it =>
        ([it.keys[0].signedByDevice.request, it.keys[1].signedByDevice.request] = [
          it.keys[1].signedByDevice.request,
          it.keys[0].signedByDevice.request,
        ]),
    )
    assert.equal(swapped.code, 1)
    assert.match(
      swapped.stderr,
      /changed.json is no attestation: keys\[0\]\.signedByDevice\.device|publicKey: it is not what the request says/,
    )
    const none = await changed(it => (it.keys = []))
    assert.match(none.stderr, /^error: the attestation is of no key at all\n/)
    assert.equal(none.code, 1)
    const chainless = await changed(it => (it.deviceCertificates = []))
    assert.match(chainless.stdout, /its own certificate and that of its issuer are not both there/)
    assert.equal(chainless.code, 1)
  })

  test('a key that cannot be attested is named with the reason, and nothing is written', async () => {
    const { code, stderr } = await card('attest', 'web', 'nobody', '--out', file('none.json'))
    assert.match(stderr, /^error: there is no key nobody/)
    assert.equal(code, 4)
    assert.throws(() => readFileSync(file('none.json')))
  })
})
