/** From a card through the agent, RAMOverHTTP and the service to an application: what the API answers. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { SmartCardHsm } from '@keytether/driver'
import { Emulator, emulatorRoot, memoryStore } from '@keytether/emulator'
import { createLog } from '@keytether/server'
import { requirePeers } from '@keytether/test/peers'
import {
  apiToken,
  assertSignature,
  Bench,
  hash,
  hsmIds,
  identities,
  rsa,
  smallToken,
} from '@keytether/test/service-bench'
import { SmallToken, smallTokenPin } from '@keytether/test/small-token'
import { ApiError } from '../../packages/server/src/schemas.ts'
import type { Hsm, Key, KeyDomain } from '../../packages/server/src/se-api/schemas.ts'

test('nothing is listed before a card dials in', async () => {
  await using bench = await Bench.start()
  for (const path of ['/hsms', '/keys', '/keydomains']) assert.deepEqual(await bench.get(path), [])
})

test('a key in all its views', async () => {
  await using bench = await Bench.start()
  await bench.dialIn(smallToken(0))
  await bench.dialIn(smallToken(1))
  const [hsm] = await bench.get<Hsm[]>('/hsms')
  assert.equal(hsm!.id, hsmIds[0])
  assert.deepEqual(await bench.get(`/hsms/${hsm!.id}`), hsm)
  assert.deepEqual(await bench.get(`/hsms/${hsm!.id}/keys`), hsm!.keys)
  assert.deepEqual(await bench.get(`/hsms/${hsm!.id}/keys/0A`), hsm!.keys[0])

  const keys = await bench.get<Key[]>('/keys')
  assert.deepEqual(
    keys.map(({ id, label, type, size, hsms }) => ({ id, label, type, size, hsms })),
    [{ id: '0A', label: 'a key', type: 'RSA', size: 1024, hsms: hsmIds }],
  )
  assert.deepEqual(await bench.get('/keys/0A'), keys[0])
  assert.deepEqual(await bench.get('/keys/0a'), keys[0])

  const domains = await bench.get<KeyDomain[]>('/keydomains')
  assert.deepEqual([domains[0]!.id, domains[0]!.hsms], [hsm!.defaultKeyDomain, [hsm!.id]])
  assert.deepEqual(await bench.get(`/keydomains/${domains[0]!.id}`), domains[0])
  assert.deepEqual(await bench.get(`/keydomains/${domains[0]!.id}/keys`), domains[0]!.keys)
  assert.deepEqual(await bench.get(`/keydomains/${domains[0]!.id}/keys/0A`), domains[0]!.keys[0])

  for (const path of ['/keys/0A', `/hsms/${hsm!.id}/keys/0A`, `/keydomains/${domains[0]!.id}/keys/0A`]) {
    assertSignature(keys[0]!, await bench.sign(path, 'RSA_PKCS1'), 'RSA_PKCS1')
  }
})

test('an AES key is there, and signs nothing', async () => {
  await using emulator = await Emulator.open({ store: memoryStore() })
  const card = await SmartCardHsm.open(emulator, { roots: [emulatorRoot] })
  const userPin = Buffer.from('648219')
  await card.initialize({ soPin: Buffer.alloc(8, 1), userPin })
  await card.verifyPin(userPin)
  await card.secretKeys.generate(256, { label: 'secret', id: Uint8Array.of(0xae) })
  await using bench = await Bench.start({ devices: { roots: [emulatorRoot] } })
  await bench.dialIn(emulator)
  const [key] = await bench.get<Key[]>('/keys')
  assert.deepEqual([key!.id, key!.type, key!.size, key!.pubkey], ['AE', 'AES', 256, undefined])
  const [hsm] = await bench.get<Hsm[]>('/hsms')
  for (const path of ['/keys/AE', `/hsms/${hsm!.id}/keys/AE`, `/keydomains/${hsm!.defaultKeyDomain}/keys/AE`]) {
    for (const algo of ['ECDSA', 'RSA_PKCS1', 'RSA_PSS']) {
      const { status, answer } = await bench.ask('POST', `${path}/signhash`, { hash, algo })
      const { code, message } = ApiError.parse(answer)
      assert.deepEqual([status, code], [400, 'WRONG_SCHEME'])
      assert.match(message, /key AE is of type AES, which makes no signature/)
    }
  }
})

test('every key of an emulated token, through every view, as an application would check it', async () => {
  await using emulator = await Emulator.open({ store: memoryStore() })
  const card = await SmartCardHsm.open(emulator, { roots: [emulatorRoot] })
  const pin = Buffer.from('648219')
  assert.equal((await card.initialize({ soPin: Buffer.alloc(8, 1), userPin: pin })).status, 'verified')
  assert.equal((await card.verifyPin(pin)).status, 'verified')
  for (const curve of ['secp256r1', 'secp384r1', 'secp521r1', 'brainpoolP256r1', 'secp256k1']) {
    await card.generateKeyPair({ kind: 'ec', curve }, { label: curve })
  }
  await card.generateKeyPair({ kind: 'rsa', bits: 2048 }, { label: 'RSA 2048' })

  await using bench = await Bench.start({ devices: { roots: [emulatorRoot] } })
  await bench.dialIn(emulator)
  const [hsm] = await bench.get<Hsm[]>('/hsms')
  const keys = await bench.get<Key[]>('/keys')
  assert.deepEqual([hsm!.keys.length, keys.length], [6, 6])
  for (const key of keys) {
    for (const view of ['', `/hsms/${hsm!.id}`, `/keydomains/${key.keyDomain}`]) {
      for (const algo of key.type === 'EC' ? ['ECDSA'] : ['RSA_PKCS1', 'RSA_PSS']) {
        assertSignature(key, await bench.sign(`${view}/keys/${key.id}`, algo), algo)
      }
    }
  }
})

test('what a key is not made for', async () => {
  await using bench = await Bench.start()
  await bench.dialIn(
    smallToken(0, [
      { id: '0A', key: rsa },
      { id: '0B', key: rsa, useCounter: 0 },
    ]),
  )
  for (const [id, algo, digest, status, code] of [
    ['0A', 'ECDSA', hash, 400, 'WRONG_SCHEME'],
    ['0A', 'RSA_PKCS1', hash.slice(2), 400, 'WRONG_SCHEME'],
    ['0B', 'RSA_PKCS1', hash, 409, 'KEY_NOT_USABLE'],
    ['0C', 'RSA_PKCS1', hash, 404, 'UNKNOWN_KEY'],
  ] as const) {
    const { answer, ...refused } = await bench.ask('POST', `/keys/${id}/signhash`, { hash: digest, algo })
    assert.deepEqual([refused.status, ApiError.parse(answer).code], [status, code])
  }
})

test('a signature takes one HTTP round trip to the card', async () => {
  await using bench = await Bench.start()
  await bench.dialIn(smallToken(0), { transport: 'http' })
  let requests = 0
  const count = (event: unknown) => {
    if ((event as { request: IncomingMessage }).request.url === '/rt/hsm') requests++
  }
  subscribe('http.server.request.start', count)
  for (let i = 0; i < 10; i++) await bench.sign('/keys/0A', 'RSA_PKCS1')
  unsubscribe('http.server.request.start', count)
  assert.equal(requests, 10)
})

test('cards come over TLS, too', async t => {
  if (!requirePeers(t, ['openssl'])) return
  const folder = mkdtempSync(join(tmpdir(), 'keytether-tls-'))
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'server.key']
  const subject = ['-subj', '/CN=here', '-addext', 'subjectAltName=IP:127.0.0.1']
  execFileSync('openssl', ['req', '-x509', ...key, ...subject, '-out', 'server.pem'], { cwd: folder, stdio: 'ignore' })
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  const certificate = read('server.pem')
  await using bench = await Bench.start({ tls: { certificate, key: read('server.key') } })
  rmSync(folder, { recursive: true })
  assert.match(bench.service.url, /^https:/)
  for (const [index, transport] of (['http', 'auto'] as const).entries()) {
    await bench.dialIn(smallToken(index), { authorities: [certificate], transport })
    assert.equal(bench.service.devices.hsms().length, index + 1)
  }
})

test('the log tells what happened and no secret', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keytether-log-'))
  const file = join(folder, 'log')
  {
    const devices = {
      roots: identities.map(({ root }) => root),
      pins: new Map([[hsmIds[0]!, Buffer.from(smallTokenPin)]]),
    }
    await using bench = await Bench.start({ devices }, createLog('trace', openSync(file, 'w')))
    await bench.dialIn(new SmallToken({ identity: identities[0]!, keys: [{ id: '0A', key: rsa }], loggedIn: false }))
    await bench.sign('/keys/0A', 'RSA_PKCS1')
    await bench.ask('POST', '/keys/0A/signhash', { hash, algo: 'ECDSA' })
    await fetch(`${bench.service.url}/se/api/keys?token=${apiToken}`)
  }
  const log = readFileSync(file, 'utf8')
  rmSync(folder, { recursive: true })
  for (const wanted of [/"device ready"/, /"status":200/, /"WRONG_SCHEME"/, /"UNAUTHORIZED"/, /"device offline"/]) {
    assert.match(log, wanted)
  }
  assert.doesNotMatch(log, new RegExp(`${apiToken}|${smallTokenPin}|uthorization`))
})
