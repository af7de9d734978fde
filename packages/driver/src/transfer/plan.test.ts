import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { keyEncryptionKey, PrivateKeyDescription, wrapKey } from '@keytether/card'
import { encode, fromHex } from '@keytether/codec'
import type { KeyDomainInfo, KeyInfo } from '../types.ts'
import type { StoredCertificate, StoredData, StoredKey } from './content.ts'
import { planTransfer } from './plan.ts'
import type { Leftovers, Target } from './target.ts'

const kek = keyEncryptionKey(new Uint8Array(32))
const material = { kind: 'aes', key: new Uint8Array(16) } as const
const blob = wrapKey(kek, { material, algorithms: new Uint8Array() })
const domain: KeyDomainInfo = { index: 0, shares: 1, outstanding: 0, keyCheckValue: kek.keyCheckValue }

function key(reference: number | undefined, id: number, fields: Partial<StoredKey> = {}): StoredKey {
  return { reference, id: Uint8Array.of(id), label: `key ${id}`, kind: 'AES', bits: 128, blob, ...fields }
}

function present(reference: number, id: number, fields: Partial<KeyInfo> = {}): KeyInfo {
  const label = `key ${id}`
  return { reference, id: Uint8Array.of(id), label, kind: 'AES', bits: 128, algorithms: [], warnings: [], ...fields }
}

interface Given {
  readonly keys?: readonly KeyInfo[]
  readonly keyDomains?: readonly KeyDomainInfo[]
  readonly leftovers?: ReadonlyMap<number, Leftovers>
}

function target({ keys = [], keyDomains = [domain], leftovers = new Map() }: Given = {}): Target {
  const inventory = { label: 'target', keys, certificates: [], data: [], keyDomains }
  return { inventory, freeMemory: 10_000, leftovers, data: new Map() }
}

function planned(keys: readonly StoredKey[], given: Given = {}): (string | number)[] {
  const plan = planTransfer({ keys, certificates: [], data: [] }, target(given))
  return plan.keys.map(step => (step.action === 'copy' ? step.to : step.action))
}

describe('references', () => {
  test('kept where they are free; others take what nobody wants', () => {
    assert.deepEqual(planned([key(3, 1), key(1, 2)]), [3, 1])
    assert.deepEqual(planned([key(1, 1), key(2, 2), key(3, 3)], { keys: [present(2, 9)] }), [1, 4, 3])
    assert.deepEqual(planned([key(1, 1), key(1, 2)]), [1, 2])
  })
  test('of keys that were on no token: the lowest that are free', () => {
    assert.deepEqual(planned([key(undefined, 1), key(undefined, 2)], { keys: [present(1, 9)] }), [2, 3])
  })
  test('all taken', () => {
    const keys = Array.from({ length: 254 }, (_, index) => present(index + 1, 0, { id: Uint8Array.of(7, index) }))
    assert.deepEqual(planned([key(1, 1), key(2, 2)], { keys }), [255, 'none'])
  })
})

describe('what an interruption left', () => {
  const described = (reference: number) =>
    encode(PrivateKeyDescription, {
      kind: 'aes',
      label: 'key 1',
      id: Uint8Array.of(1),
      usage: ['encrypt'],
      keyReference: reference,
      bits: 128,
    })
  const item = key(1, 1, { description: described(1) })
  const leftAt = (reference: number, description: Uint8Array) =>
    new Map([[reference, { description, certificate: undefined }]])

  test('its own files, whole or begun: goes on there', () => {
    for (const size of [5, described(1).length]) {
      assert.deepEqual(planned([item], { leftovers: leftAt(1, described(1).subarray(0, size)) }), [1])
    }
  })
  test('under another reference, which the description names', () => {
    assert.deepEqual(planned([item], { keys: [present(1, 9)], leftovers: leftAt(4, described(4)) }), [4])
  })
  test('of several keys that they could be of, for one', () => {
    const nothing = new Map([[1, { description: undefined, certificate: undefined }]])
    assert.deepEqual(planned([key(1, 1), key(2, 2)], { leftovers: nothing }), [1, 2])
  })
  test('files of others are left alone', () => {
    assert.deepEqual(planned([item], { leftovers: leftAt(1, fromHex('3000')) }), [2])
  })
})

describe('keys that are not copied', () => {
  const reason = (item: StoredKey, given: Given) => {
    const [step] = planTransfer({ keys: [item], certificates: [], data: [] }, target(given)).keys
    return step?.action === 'none' ? step.reason : step?.action
  }
  test('without a blob: for the reason that is known', () => {
    assert.equal(reason(key(1, 1, { blob: undefined, obstacle: 'it stays' }), {}), 'it stays')
  })
  test('the key domain is not there, or has no key', () => {
    assert.match(reason(key(1, 1), { keyDomains: [] })!, /is not on the target, where there is none$/)
    const incomplete = { ...domain, shares: 2, outstanding: 1, keyCheckValue: new Uint8Array(8) }
    assert.match(reason(key(1, 1), { keyDomains: [incomplete] })!, /where domain 0 misses 1 of 2 shares$/)
    assert.equal(reason(key(1, 1), { keyDomains: [incomplete, { ...domain, index: 1 }] }), 'copy')
  })
  test('what is no wrapped key', () => {
    assert.equal(reason(key(1, 1, { blob: Uint8Array.of(1, 2, 3) }), {}), 'it is no wrapped key')
  })
  test('another key has the id', () => {
    assert.match(reason(key(1, 1), { keys: [present(7, 1, { label: 'old' })] })!, /same id 01: old, reference 7/)
  })
})

describe('certificates and data', () => {
  const certificate: StoredCertificate = { number: 0, label: 'issuer', content: Uint8Array.of(0x30, 1, 0) }
  const data: StoredData = { number: 0, label: 'note', content: Uint8Array.of(1, 2, 3) }
  const withContents = (certificateContent: Uint8Array, dataContent: Uint8Array): Target => {
    const empty = target()
    const certificates = [
      { number: 0, id: new Uint8Array(), label: 'issuer', certificate: certificateContent, warnings: [] },
    ]
    const inventory = {
      ...empty.inventory,
      certificates,
      data: [{ number: 0, label: 'note', private: false, warnings: [] }],
    }
    return { ...empty, inventory, data: new Map([[0, dataContent]]) }
  }
  const actions = (there: Target) => {
    const plan = planTransfer({ keys: [], certificates: [certificate], data: [data] }, there)
    return [...plan.certificates, ...plan.data].map(step => ('to' in step ? `${step.action} ${step.to}` : step.action))
  }
  test('there, cut short, and others', () => {
    assert.deepEqual(actions(target()), ['copy 0', 'copy 0'])
    assert.deepEqual(actions(withContents(certificate.content, data.content!)), ['present 0', 'present 0'])
    assert.deepEqual(actions(withContents(Uint8Array.of(0x30), Uint8Array.of(1, 2))), ['copy 0', 'copy 0'])
    assert.deepEqual(actions(withContents(Uint8Array.of(0x31, 0), Uint8Array.of(9))), ['copy 1', 'none'])
  })
  test('several data objects with one label', () => {
    const other = { ...data, number: 1, content: Uint8Array.of(9) }
    const there = withContents(certificate.content, data.content!)
    const plan = planTransfer({ keys: [], certificates: [], data: [data, other] }, there)
    assert.deepEqual(
      plan.data.map(step => ('to' in step ? `${step.action} ${step.to}` : step.action)),
      ['present 0', 'copy 1'],
    )
  })
})
