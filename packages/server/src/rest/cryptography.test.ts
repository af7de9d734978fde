/** Keys in use over REST: two emulated tokens in a group, and every form in which things go in and come out. */
import assert from 'node:assert/strict'
import { createHash, randomBytes, verify } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { createClient, fetchTransport, Problem } from '@keytether/api'
import { publicKeyObject, publicKeyOf } from '@keytether/card'
import { emulatorRoot } from '@keytether/emulator'
import { type Caller, Leases, listRecords, openHsm } from '@keytether/hsm'
import { GroupToken } from '@keytether/test/token-group'
import { buildApp } from '../app.ts'
import { createLog } from '../log.ts'

const login = { credential: 'test', address: '127.0.0.1' }
const hsm = await openHsm({ devices: { roots: [emulatorRoot] } })
const tenant = await hsm.store.db.selectFrom('tenants').selectAll().executeTakeFirstOrThrow()
const caller: Caller = {
  ...{ principal: 'prn_test', name: 'tester', tenant: tenant.id, tags: [], login },
  roles: ['administrator', 'manager', 'operator'],
}
const app = buildApp({
  log: createLog('silent'),
  secure: false,
  hsm,
  leases: new Leases(hsm.devices),
  patienceMs: 10_000,
  lendingPatienceMs: 1000,
  authenticate: async () => ({ ...caller, kind: 'token' }),
  draining: () => false,
  serve: listener => createServer(listener),
})
const tokens = [await GroupToken.make(), await GroupToken.make()]
let base: string
const signal = AbortSignal.timeout(60_000)

before(async () => {
  await app.listen({ host: '127.0.0.1', port: 0 })
  base = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  for (const token of tokens) await token.plugIn(hsm.devices)
  await hsm.registry.settled()
  const group = hsm.groups.memberOf(tokens[0]!.path)!.group
  await hsm.groups.join(caller, tokens[1]!.path, group)
  for (const [name, type] of [
    ['web', { kind: 'EC', curve: 'secp256r1' }],
    ['mail', { kind: 'RSA', bits: 2048 }],
    ['files', { kind: 'AES', bits: 256 }],
    ['files-2', { kind: 'AES', bits: 256 }],
  ] as const) {
    await hsm.keys.create(caller, { name, group, type }, signal)
  }
})
after(async () => {
  await app.close()
  hsm.devices.close('the test is over')
  await hsm[Symbol.asyncDispose]()
})

const base64 = (bytes: Uint8Array | string) => Buffer.from(bytes).toString('base64')
const message = base64('Hello, token')
const client = () => createClient({ send: fetchTransport(base, 'any'), strict: true })

function publicKey(name: string) {
  return publicKeyObject(publicKeyOf(hsm.keys.usable(caller, name, 'verify').version.public_key!))
}

test('a signature in each form, of a message and of a digest', async () => {
  const params = { key: 'web' }
  const plain = Buffer.from('Hello, token')
  const digest = base64(createHash('sha256').update(plain).digest())
  for (const input of [{ message }, { digest }]) {
    const der = await client().sign({ params, body: input })
    assert.deepEqual([der.algorithm, der.format, der.key, der.version], ['ECDSA_SHA256', 'der', 'web', 1])
    assert.ok(verify('sha256', plain, publicKey('web'), Buffer.from(der.signature, 'base64')))
    const jose = await client().sign({ params, body: { ...input, algorithm: 'ES256' } })
    assert.equal(jose.format, 'jose')
    assert.match(jose.signature, /^[A-Za-z0-9_-]{86}$/)
    const raw = Buffer.from(jose.signature, 'base64url')
    assert.ok(verify('sha256', plain, { key: publicKey('web'), dsaEncoding: 'ieee-p1363' }, raw))
    for (const { signature, algorithm, format } of [der, jose]) {
      const verdict = await client().verify({ params, body: { ...input, signature, algorithm, format } })
      assert.equal(verdict.valid, true)
    }
    const body = { message: base64('other'), signature: jose.signature, algorithm: 'ES256' }
    assert.equal((await client().verify({ params, body })).valid, false)
  }
  const pss = await client().sign({ params: { key: 'mail' }, body: { message, algorithm: 'RSA_PSS_SHA256' } })
  assert.equal(pss.format, 'der')
  assert.match(pss.signature, /==$/)
  await assert.rejects(client().sign({ params, body: {} }), { code: 'BAD_REQUEST' })
  await assert.rejects(client().sign({ params, body: { message, digest } }), /either message or digest/)
  await assert.rejects(client().sign({ params, body: { message: 'no base64' } }), { code: 'BAD_REQUEST' })
  await assert.rejects(client().sign({ params, body: { message, algorithm: 'EdDSA' } }), { code: 'WRONG_SCHEME' })
  await assert.rejects(client().sign({ params: { key: 'none' }, body: { message } }), { code: 'NOT_FOUND' })
})

test('AES on the chip', async () => {
  const params = { key: 'files' }
  const { iv, ciphertext } = await client().encryptCbc({ params, body: { plaintext: message } })
  assert.equal((await client().decryptCbc({ params, body: { ciphertext, iv } })).plaintext, message)
  const { mac } = await client().mac({ params, body: { message } })
  assert.equal(Buffer.from(mac, 'base64').length, 16)
  const { secret } = await client().derive({ params, body: { label: message } })
  assert.equal(Buffer.from(secret, 'base64').length, 32)
})

test('an envelope, and its data key under another key', async () => {
  const keys = ['files']
  const associatedData = base64('record 7')
  const body = { keys, plaintext: message, associatedData, reference: 'record 7' }
  const { ciphertext, dataKey } = await client().encrypt({ body })
  const opened = await client().decrypt({ body: { keys, ciphertext, associatedData } })
  assert.deepEqual([opened.plaintext, opened.dataKey], [message, dataKey])
  await assert.rejects(client().decrypt({ body: { keys, ciphertext } }), { code: 'NOT_AUTHENTIC', status: 422 })

  const report = async (key: string) => (await client().reportDataKeys({ params: { key } })).items[0]!
  assert.equal((await report('files')).dataKeys, 1)
  const moved = await client().rewrap({ body: { keys: ['files-2', 'files'], ciphertext } })
  assert.deepEqual([moved.from.key, moved.to.key], ['files', 'files-2'])
  const again = await client().decrypt({ body: { keys: ['files-2'], ciphertext: moved.ciphertext, associatedData } })
  assert.equal(again.plaintext, message)
  assert.deepEqual(await report('files'), { version: 1, state: 'active', dataKeys: 0 })
  const listed = await client().listDataKeys({ params: { key: 'files-2', version: '1' } })
  assert.deepEqual(
    listed.items.map(({ id, reference }) => [id, reference]),
    [[dataKey, 'record 7']],
  )
})

test('data keys for who encrypts himself', async () => {
  const keys = ['mail']
  const made = await client().makeDataKey({ body: { keys } })
  assert.equal(Buffer.from(made.plaintext!, 'base64').length, 32)
  const opened = await client().openDataKey({ body: { keys, wrapped: made.wrapped } })
  assert.deepEqual([opened.plaintext, opened.id], [made.plaintext, made.id])
  const closed = await client().makeDataKey({ body: { keys, plaintext: false } })
  assert.equal(closed.plaintext, undefined)
  await assert.rejects(client().openDataKey({ body: { keys, wrapped: message } }), { code: 'INVALID' })
})

test('random bytes', async () => {
  const { random } = await client().random({ body: { length: 48 } })
  assert.equal(Buffer.from(random, 'base64').length, 48)
})

test('a batch has an answer for each item, in order, whatever comes of the others', async () => {
  const sign = (key: string, reference?: string) =>
    ({ operation: 'sign', key, input: { message }, ...(reference && { reference }) }) as const
  const many = Array.from({ length: 40 }, (_, index) => sign('web', `n${index}`))
  const { items } = await client().batch({
    body: {
      items: [
        ...many,
        sign('nothing', 'wrong'),
        { operation: 'encrypt', input: { keys: ['files'], plaintext: message } },
        { operation: 'mac', key: 'web', input: { message } },
      ],
    },
  })
  assert.deepEqual(
    items.slice(0, 41).map(({ reference }) => reference),
    [...many.map(({ reference }) => reference), 'wrong'],
  )
  for (const { answer } of items.slice(0, 40)) {
    const signature = Buffer.from(answer!.signature as string, 'base64')
    assert.ok(verify('sha256', Buffer.from('Hello, token'), publicKey('web'), signature))
  }
  assert.equal(items[40]!.problem!.code, 'NOT_FOUND')
  assert.equal(typeof items[41]!.answer!.ciphertext, 'string')
  assert.equal(items[42]!.problem!.code, 'WRONG_SCHEME')
  await assert.rejects(client().batch({ body: { items: [] } }), { code: 'BAD_REQUEST' })
  const tooMany = Array.from({ length: 101 }, () => sign('web'))
  await assert.rejects(client().batch({ body: { items: tooMany } }), { code: 'BAD_REQUEST' })
})

describe('streams', () => {
  const send = (
    path: string,
    body: Uint8Array | ReadableStream,
    type = 'application/octet-stream',
    signal?: AbortSignal,
  ) =>
    fetch(`${base}/v1${path}`, {
      ...{ method: 'POST', body: body as Uint8Array<ArrayBuffer>, duplex: 'half' },
      headers: { Authorization: 'Bearer any', 'Content-Type': type },
      ...(signal && { signal }),
    } as RequestInit)
  const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer())
  const size = 3_000_000
  const payload = new Uint8Array(randomBytes(size))

  test('a payload of any length, encrypted and decrypted as it comes', async () => {
    const sealed = await send('/encrypt/stream?key=files&associatedData=aWQ%3D', payload)
    assert.deepEqual([sealed.status, sealed.headers.get('content-type')], [200, 'application/octet-stream'])
    const envelope = await bytesOf(sealed)
    assert.ok(envelope.length > size && envelope.length < size + 2_000)
    const opened = await send('/decrypt/stream?key=files-2&key=files&associatedData=aWQ%3D', envelope)
    assert.equal(opened.status, 200)
    assert.deepEqual(await bytesOf(opened), payload)

    const otherwise = await send('/decrypt/stream?key=files', envelope)
    assert.deepEqual([otherwise.status, Problem.parse(await otherwise.json()).code], [422, 'NOT_AUTHENTIC'])
    envelope[size - 5]! ^= 1
    const broken = await send('/decrypt/stream?key=files&associatedData=aWQ%3D', envelope)
    await assert.rejects(bytesOf(broken), TypeError)
    const short = await send('/decrypt/stream?key=files&associatedData=aWQ%3D', envelope.subarray(0, 100_000))
    await assert.rejects(bytesOf(short), TypeError)
  })

  test('it begins to answer before all has come, and takes no more than is read', async () => {
    let pulled = 0
    const piece = new Uint8Array(65_536)
    const long = new ReadableStream({
      pull(controller) {
        pulled++
        controller.enqueue(piece)
        if (pulled === 1_500) controller.close()
      },
    })
    const gone = new AbortController()
    const response = await send('/encrypt/stream?key=files', long, undefined, gone.signal)
    const reader = response.body!.getReader()
    assert.ok((await reader.read()).value!.length > 0)
    let before = -1
    while (before !== pulled) {
      before = pulled
      await new Promise(resolve => setTimeout(resolve, 300))
    }
    assert.ok(pulled < 1_000, `${pulled} pieces were taken that nobody reads`)
    gone.abort()
  })

  test('what is none', async () => {
    const codes = async (...[path, body, type]: Parameters<typeof send>) => {
      const response = await send(path, body, type)
      return [response.status, Problem.parse(await response.json()).code]
    }
    const some = new Uint8Array(10)
    assert.deepEqual(await codes('/encrypt/stream?key=nothing', some), [404, 'NOT_FOUND'])
    assert.deepEqual(await codes('/encrypt/stream', some), [400, 'BAD_REQUEST'])
    assert.deepEqual(await codes('/decrypt/stream?key=files', some), [400, 'INVALID'])
    assert.deepEqual(await codes('/encrypt/stream?key=files', some, 'application/json'), [
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ])
  })
})

test('each use of a key is on record, with the device that did it, and what was refused beside it', async () => {
  const web = hsm.keys.get(caller, 'web').key
  const last = async () => {
    const { items } = await listRecords(hsm, caller, {}, { limit: 1 })
    return items[0]!.request!
  }
  const usesOf = ({ uses = [] }: Awaited<ReturnType<typeof last>>) =>
    uses.map(({ verb, key, name, version, device }) => {
      assert.ok(tokens.some(({ path }) => path === device))
      return `${verb} ${key === web.id ? name : 'another key'} ${version}`
    })
  await client().sign({ params: { key: 'web' }, body: { message } })
  assert.deepEqual([(await last()).operation, usesOf(await last())], ['sign', ['sign web 1']])
  const items = ['web', 'none', 'web'].map(key => ({ operation: 'sign' as const, key, input: { message } }))
  await client().batch({ body: { items } })
  assert.deepEqual(usesOf(await last()), ['sign web 1', 'sign web 1'])
  assert.deepEqual((await last()).refused, [{ operation: 'sign', key: 'none', outcome: 'NOT_FOUND' }])
  const cardKey = hsm.keys.get(caller, 'web').versions[0]!.card_key_id
  const body = JSON.stringify({ hash: createHash('sha256').update('x').digest('hex'), algo: 'ECDSA' })
  const headers = { Authorization: 'Bearer any', 'Content-Type': 'application/json' }
  const { status } = await fetch(`${base}/se/api/keys/${cardKey}/signhash`, { method: 'POST', headers, body })
  assert.deepEqual([status, usesOf(await last())], [200, ['sign web 1']])
  assert.equal((await last()).input, createHash('sha256').update(body).digest('base64'))
})
