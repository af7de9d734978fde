/** Key domains, and keys that go from one token to another, with the driver and emulated tokens. */
import assert from 'node:assert/strict'
import { createHash, randomBytes, verify } from 'node:crypto'
import { describe, test } from 'node:test'
import {
  algorithm,
  type Channel,
  ChannelError,
  type CommandApdu,
  DeleteKeyDomain,
  decodeCommand,
  keyEncryptionKey,
  publicKeyObject,
  UnwrapKey,
  WrapKey,
  WrappedKeyFile,
} from '@keytether/card'
import { concat, decode, encode, fromHex, toHex } from '@keytether/codec'
import {
  type DriverError,
  type DriverErrorCode,
  type Initialization,
  type KeyAttributes,
  type KeySpec,
  keyDomainState,
  SmartCardHsm,
} from '@keytether/driver'
import { Emulator, emulatorRoot, memoryStore } from '@keytether/emulator'
import { watched } from '@keytether/test/scripted-card'
import { vectors } from '@keytether/test/vectors'

const { real } = vectors<{ real: Record<string, string> }>('key-domains.json')
const realShare = fromHex(real.share!)
const pin = Buffer.from('648219')
const soPin = Buffer.from('57621880')
const [first, second, third] = [1, 2, 3].map(byte => new Uint8Array(32).fill(byte)) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
]

function refuses(promise: Promise<unknown>, code: DriverErrorCode, message: RegExp): Promise<void> {
  return assert.rejects(promise, (error: DriverError) => {
    assert.equal(error.code, code, error.stack)
    assert.match(error.message, message)
    return true
  })
}

interface Options extends Partial<Initialization> {
  readonly maximumApdu?: number
  readonly secure?: boolean
  readonly through?: (channel: Channel) => Channel
}

async function token({ maximumApdu, secure = false, through = channel => channel, ...more }: Options = {}) {
  const emulator = await Emulator.open({ store: memoryStore() })
  const card = await SmartCardHsm.open(through(emulator), {
    roots: [emulatorRoot],
    ...(maximumApdu && { maximumApdu }),
  })
  if (secure) await card.openSecureChannel()
  assert.deepEqual(await card.initialize({ soPin, userPin: pin, ...more }), { status: 'verified' })
  assert.deepEqual(await card.verifyPin(pin), { status: 'verified' })
  return card
}

/** With one domain, of one share. */
async function withShare(share = first, options: Options = {}): Promise<SmartCardHsm> {
  const card = await token({ dkekShares: 1, ...options })
  await card.keyDomains.importShare(0, share)
  return card
}

describe('set up', () => {
  test('two shares, in any order and without a PIN', async () => {
    const card = await token({ dkekShares: 2 })
    await card.logout()
    const zero = new Uint8Array(8)
    assert.deepEqual(await card.keyDomains.list(), [{ index: 0, shares: 2, outstanding: 2, keyCheckValue: zero }])
    assert.deepEqual(await card.keyDomains.importShare(0, second), {
      index: 0,
      shares: 2,
      outstanding: 1,
      keyCheckValue: zero,
    })
    const complete = await card.keyDomains.importShare(0, first)
    assert.deepEqual(complete.keyCheckValue, keyEncryptionKey(third).keyCheckValue)
    await refuses(
      card.keyDomains.importShare(0, third),
      'NOT_ALLOWED',
      /^import a share into domain 0: the domain has all/,
    )
    await assert.rejects(card.keyDomains.importShare(0, new Uint8Array(31)), RangeError)
  })

  test('several domains', async () => {
    const { keyDomains } = await token({ keyDomains: 3 })
    assert.equal((await keyDomains.list()).length, 3)
    await refuses(keyDomains.importShare(1, first), 'NO_KEY_DOMAIN', /domain 1: the domain is not set up; create it/)
    assert.equal((await keyDomains.create(1, 1)).outstanding, 1)
    await refuses(keyDomains.create(1, 1), 'NOT_ALLOWED', /^create domain 1: the domain is set up already/)
    await refuses(keyDomains.create(3, 1), 'NO_KEY_DOMAIN', /^create domain 3: the device has no domain of this number/)
    await assert.rejects(keyDomains.create(2, 0), RangeError)
    await keyDomains.importShare(1, first)
    assert.equal((await keyDomains.deleteKey(1)).outstanding, 1)
    await keyDomains.delete(1)
    await refuses(keyDomains.delete(1), 'NO_KEY_DOMAIN', /^delete domain 1: the domain is not set up/)
  })

  test('a domain with keys in it stays', async () => {
    const card = await token({ keyDomains: 1 })
    await card.keyDomains.create(0, 1)
    const key = await card.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'k', keyDomain: 0 })
    assert.equal(key.keyDomain, 0)
    await refuses(card.keyDomains.delete(0), 'NOT_ALLOWED', /there are keys in the domain/)
    await card.logout()
    await refuses(card.keyDomains.delete(0), 'NOT_LOGGED_IN', /the user PIN/)
  })

  test('a device without', async () => {
    const card = await token()
    assert.deepEqual(await card.keyDomains.list(), [])
    await refuses(card.keyDomains.importShare(0, first), 'NO_KEY_DOMAIN', /was initialised without key domains/)
    const key = await card.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'k' })
    await refuses(card.wrapKey(key.reference), 'NO_KEY_DOMAIN', /^wrap key 1: the device was initialised without/)
  })
})

async function signs(card: SmartCardHsm, reference: number): Promise<void> {
  const key = (await card.inventory()).keys.find(each => each.reference === reference)!
  const message = randomBytes(20)
  const hash = createHash('sha256').update(message).digest()
  const signature = await card.signHash(key, key.kind === 'EC' ? 'ECDSA' : 'RSA_PKCS1', hash)
  assert.ok(verify('sha256', message, publicKeyObject(key.publicKey!), signature))
}

for (const secure of [false, true]) {
  describe(`from one token to another, ${secure ? 'protected' : 'in the clear'}`, () => {
    const specs: readonly (readonly [spec: KeySpec, attributes: KeyAttributes])[] = [
      [{ kind: 'ec', curve: 'secp256r1' }, { label: 'web' }],
      [{ kind: 'ec', curve: 'secp521r1' }, { label: 'long' }],
      [{ kind: 'rsa', bits: 2048 }, { label: 'mail' }],
      [
        { kind: 'rsa', bits: 3072 },
        { label: 'big', reference: 9 },
      ],
      [
        { kind: 'ec', curve: 'brainpoolP256r1' },
        { label: 'agreed', algorithms: [algorithm.ecdh, algorithm.wrap] },
      ],
    ]
    for (const [spec, attributes] of specs) {
      test(attributes.label, async () => {
        const [from, to] = [await withShare(first, { secure }), await withShare(first, { secure })]
        const made = await from.generateKeyPair(spec, attributes)
        const wrapped = await from.wrapKey(made.reference)
        const restored = await to.unwrapKey(decode(WrappedKeyFile, fromHex(toHex(encodeFile(wrapped)))))
        assert.deepEqual(restored, made)
        if (!attributes.algorithms) await signs(to, restored.reference)
      })
    }

    test('AES', async () => {
      const [from, to] = [await withShare(first, { secure }), await withShare(first, { secure })]
      const made = await from.secretKeys.generate(256, {
        label: 'secret',
        algorithms: [algorithm.aesCmac, algorithm.wrap],
      })
      const restored = await to.unwrapKey(await from.wrapKey(made.reference))
      assert.deepEqual(restored, made)
      assert.deepEqual(await to.secretKeys.cmac(restored, message), await from.secretKeys.cmac(made, message))
    })

    test('longer than a command: through the scratch file', async () => {
      const short = { secure, maximumApdu: 400 }
      const [from, to] = [await withShare(first, { secure }), await withShare(first, short)]
      const made = await from.generateKeyPair({ kind: 'rsa', bits: 2048 }, { label: 'mail' })
      const wrapped = await from.wrapKey(made.reference)
      assert.ok(wrapped.blob.length > 800)
      assert.deepEqual(await to.unwrapKey(wrapped), made)
      await signs(to, made.reference)
    })
  })
}

const message = Buffer.from('of this and that')

function encodeFile(wrapped: WrappedKeyFile): Uint8Array {
  return encode(WrappedKeyFile, wrapped)
}

test('a key of a real device', async () => {
  const card = await withShare(realShare)
  const wrapped = decode(WrappedKeyFile, fromHex(real.wrappedKeyFile!))
  const key = await card.unwrapKey(wrapped)
  assert.deepEqual([key.label, key.curve, key.reference], ['btc-test', 'secp256k1', 1])
  await signs(card, 1)
  assert.equal(toHex((await card.wrapKey(1)).certificate!), toHex(wrapped.certificate!))
})

describe('where it goes, and what it is called', () => {
  const wrapped = decode(WrappedKeyFile, fromHex(real.wrappedKeyFile!))

  test('where it was, or where it is free; and not twice unless asked', async () => {
    const card = await withShare(realShare)
    await card.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'k' })
    const key = await card.unwrapKey(wrapped)
    assert.equal(key.reference, 2)
    await refuses(card.unwrapKey(wrapped), 'REFERENCE_TAKEN', /has this key already, under reference 2 \(btc-test\)/)
    await refuses(card.unwrapKey(wrapped, { reference: 1 }), 'REFERENCE_TAKEN', /under reference 1$/)
    await assert.rejects(card.unwrapKey(wrapped, { reference: 0 }), RangeError)
    const again = await card.unwrapKey(wrapped, { reference: 7, label: 'twin' })
    assert.deepEqual([again.reference, again.label], [7, 'twin'])
    assert.deepEqual(again.id, key.id)
  })
})

describe('refused', () => {
  const wrapped = decode(WrappedKeyFile, fromHex(real.wrappedKeyFile!))
  const nothingLeft = async (card: SmartCardHsm) => {
    assert.deepEqual((await card.inventory()).keys, [])
    await refuses(card.deleteKey(1), 'KEY_NOT_FOUND', /delete key 1/)
  }

  test('another domain, in words', async () => {
    const card = await token({ keyDomains: 3 })
    await card.keyDomains.create(0, 1)
    await card.keyDomains.importShare(0, first)
    await card.keyDomains.create(1, 2)
    const value = toHex(keyEncryptionKey(first).keyCheckValue).toUpperCase()
    const words = `^unwrap a key: it was wrapped under the domain 97E303855DC1C54D; on this device, domain 0 has ${value}, domain 1 misses 2 of 2 shares, domain 2 is not set up$`
    await refuses(card.unwrapKey(wrapped), 'OTHER_DOMAIN', new RegExp(words))
    await refuses(card.unwrap(1, wrapped.blob), 'OTHER_DOMAIN', new RegExp(words))
    await nothingLeft(card)
  })

  test('a device without domains', async () => {
    const card = await token()
    await refuses(card.unwrapKey(wrapped), 'NO_KEY_DOMAIN', /initialised without key domains/)
  })

  test('an altered blob', async () => {
    const card = await withShare(realShare)
    const blob = wrapped.blob.with(100, 0)
    await refuses(card.unwrapKey({ ...wrapped, blob }), 'OTHER_DOMAIN', /wrapped under another domain, or altered/)
    await nothingLeft(card)
  })

  test('no blob', async () => {
    const card = await withShare(realShare)
    await refuses(card.unwrapKey({ blob: new Uint8Array(3) }), 'WRONG_DATA', /^not a wrapped key/)
  })

  test('the certificate of another key', async () => {
    const card = await withShare(realShare)
    const other = await withShare(realShare)
    const { reference } = await other.generateKeyPair({ kind: 'ec', curve: 'secp256k1' }, { label: 'k' })
    const { certificate } = await other.wrapKey(reference)
    await refuses(card.unwrapKey({ ...wrapped, certificate }), 'WRONG_DATA', /not the key of the certificate/)
    await nothingLeft(card)
  })

  test('not logged in', async () => {
    const card = await withShare(realShare)
    await card.logout()
    await refuses(card.unwrapKey(wrapped), 'NOT_LOGGED_IN', /the user PIN/)
    await refuses(card.wrapKey(1), 'NOT_LOGGED_IN', /the user PIN/)
  })

  test('keys that stay, and shares that are missing', async () => {
    const card = await token({ dkekShares: 3 })
    await card.keyDomains.importShare(0, first)
    await card.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'k' })
    await card.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'stays', algorithms: [algorithm.ecdsa] })
    await refuses(card.wrapKey(1), 'DOMAIN_INCOMPLETE', /^wrap key 1: domain 0 misses 2 of 3 shares$/)
    await refuses(card.wrapKey(2), 'ALGORITHM_NOT_ALLOWED', /do not include WRAP \(92\): it stays here/)
    await refuses(card.wrapKey(3), 'KEY_NOT_FOUND', /wrap key 3/)
  })

  test('uses that are counted are not spent on a test', async () => {
    const card = await withShare()
    const key = await card.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'k', useCounter: 2 })
    assert.equal(await card.proveKey(key), 'counted')
    assert.equal((await card.inventory()).keys[0]!.useCounter, 2)
  })
})

test('every algorithm that shows the public key proves a key', async () => {
  const card = await token()
  const ec = [algorithm.ecdsa, algorithm.ecdsaSha1, algorithm.ecdsaSha512, algorithm.ecdh]
  const rsa = [
    [algorithm.rsaRaw, algorithm.rsaPkcs1, algorithm.rsaPkcs1Sha256, algorithm.rsaPss, algorithm.rsaPssSha512],
    [algorithm.rsaRawDecipher, algorithm.rsaPkcs1Decipher, algorithm.rsaOaepDecipher],
  ].flat()
  const cases = [
    ...ec.map(id => [{ kind: 'ec', curve: 'secp256r1' }, id, 'proved'] as const),
    ...rsa.map(id => [{ kind: 'rsa', bits: 2048 }, id, 'proved'] as const),
    [{ kind: 'ec', curve: 'secp256r1' }, algorithm.wrap, 'notAllowed'] as const,
    [{ kind: 'rsa', bits: 1024 }, algorithm.wrap, 'notAllowed'] as const,
  ]
  for (const [spec, id, proof] of cases) {
    const key = await card.generateKeyPair(spec, { label: 'k', algorithms: [id] })
    assert.equal(await card.proveKey(key), proof, `${spec.kind} ${id.toString(16)}`)
    const { publicKey: _, ...unknown } = key
    assert.equal(await card.proveKey(unknown), 'noPublicKey')
  }
})

describe('cards that answer otherwise', () => {
  const wrapped = decode(WrappedKeyFile, fromHex(real.wrappedKeyFile!))

  /** The card's answers to one command, as another card gives them. */
  const answering = (matches: (apdu: CommandApdu) => boolean, answer: (response: Uint8Array) => Uint8Array) => ({
    through: (channel: Channel) =>
      watched(channel, (command, response) => (matches(decodeCommand(command)) ? answer(response) : response)),
  })

  test('a deletion that is answered as if nothing had been there (pico-hsm)', async () => {
    const card = await token({ keyDomains: 1, ...answering(DeleteKeyDomain.matches, () => fromHex('6A88')) })
    await card.keyDomains.create(0, 1)
    await card.keyDomains.delete(0)
    assert.equal(keyDomainState((await card.keyDomains.list())[0]!), 'notSetUp')
  })

  test('a deletion that is answered and not carried out', async () => {
    const card = await token({
      keyDomains: 1,
      through: channel => ({
        ...watched(channel),
        transmit: commands =>
          channel
            .transmit(
              commands.map(command =>
                DeleteKeyDomain.matches(decodeCommand(command)) ? fromHex('0084000008') : command,
              ),
            )
            .then(responses =>
              responses.map((response, index) =>
                DeleteKeyDomain.matches(decodeCommand(commands[index]!)) ? fromHex('9000') : response,
              ),
            ),
      }),
    })
    await card.keyDomains.create(0, 1)
    await refuses(card.keyDomains.delete(0), 'MALFORMED', /^delete domain 0: it is still there$/)
  })

  test('a card that describes what it has unwrapped by itself, over what was written (pico-hsm)', async () => {
    const own = 'A01D30050C0365633130080401010303062080A10A30083002040002020100'
    const card = await withShare(realShare, {
      through: channel => ({
        ...watched(channel),
        transmit: async commands => {
          const responses = await channel.transmit(commands)
          if (commands.some(command => UnwrapKey.matches(decodeCommand(command)))) {
            await channel.transmit([`00E4020002C401`, `00D7C40127 54020000 531F ${own}`].map(hex => fromHex(hex)))
            // It also answers with a request for the key.
            return responses.map(response => concat(fromHex('67020101'), response))
          }
          return responses
        },
      }),
    })
    assert.equal((await card.unwrapKey(wrapped)).label, 'btc-test')
    assert.equal(toHex((await card.wrapKey(1)).description!), toHex(wrapped.description!))
  })

  test('status words of other cards: nothing is left of the attempt', async () => {
    for (const [status, expected] of [
      ['6400', { code: 'OTHER_DOMAIN' }],
      ['6984', { code: 'OTHER_DOMAIN' }],
      ['6A84', { code: 'OUT_OF_MEMORY' }],
      ['6F00', { name: 'UnexpectedStatusError' }],
    ] as const) {
      let channel: Channel | undefined
      const card = await withShare(realShare, {
        through: emulator => {
          channel = emulator
          return {
            ...watched(emulator),
            transmit: commands =>
              commands.some(command => UnwrapKey.matches(decodeCommand(command)))
                ? Promise.resolve([fromHex(status)])
                : emulator.transmit(commands),
          }
        },
      })
      await assert.rejects(card.unwrapKey(wrapped), expected)
      const [listed] = await channel!.transmit([fromHex('80580000000000')])
      assert.equal(toHex(listed!), 'cc002f029000')
    }
  })

  test('a wrapped key that is none', async () => {
    const card = await withShare(
      first,
      answering(WrapKey.matches, () => fromHex('0102039000')),
    )
    await card.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: 'k' })
    await refuses(card.wrapKey(1), 'MALFORMED', /^wrap key 1: the answer is no wrapped key$/)
  })
})

test('interrupted anywhere, unwrapping leaves no key that is not complete, and the next attempt completes it', async () => {
  const wrapped = decode(WrappedKeyFile, fromHex(real.wrappedKeyFile!))
  let commands = 0
  for (let stop = 0; ; stop++) {
    let left = Number.POSITIVE_INFINITY
    const cut: Channel['transmit'] = async batch => {
      const responses: Uint8Array[] = []
      for (const command of batch) {
        if (left-- <= 0) throw new ChannelError('REMOVED', 'the card was pulled out', { responses })
        responses.push(...(await emulator!.transmit([command])))
      }
      return responses
    }
    let emulator: Channel | undefined
    const card = await withShare(realShare, {
      // Small, so that files take several commands.
      maximumApdu: 200,
      through: channel => {
        emulator = channel
        return { ...watched(channel), transmit: cut }
      },
    })
    left = stop
    let complete = true
    await card.unwrapKey(wrapped).catch((error: Error) => {
      assert.ok(error instanceof ChannelError || (error as DriverError).code === 'INCOMPLETE', error.stack)
      complete = false
    })
    left = Number.POSITIVE_INFINITY
    const { keys } = await card.inventory()
    if (keys.length === 0) {
      const key = await card.unwrapKey(wrapped)
      assert.deepEqual([key.reference, key.label, key.warnings], [1, 'btc-test', []])
    } else {
      assert.deepEqual([keys[0]!.label, keys[0]!.warnings], ['btc-test', []])
      await refuses(card.unwrapKey(wrapped), 'REFERENCE_TAKEN', /has this key already/)
    }
    await signs(card, 1)
    const [listed] = await emulator!.transmit([fromHex('80580000000000')])
    assert.equal(toHex(listed!), 'cc002f02cc01c401ce019000', `after ${stop} commands`)
    if (complete) break
    commands = stop
  }
  assert.ok(commands > 20)
})
