/** Key domains: shares, status, and what is refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { combineShares, keyEncryptionKey } from '@keytether/card'
import { decode, fromHex, toHex } from '@keytether/codec'
import { apdu, emulatedToken, exchanges, pin, soPin } from '@keytether/test/emulated-token'
import fc from 'fast-check'
import { Emulator } from '../emulator.ts'
import { StateFormat } from '../state.ts'
import { memoryStore } from '../store/store.ts'

const initialize = (features: string) => {
  const data = `80020001 8106${pin} 8208${soPin} 910103 ${features}`.replaceAll(' ', '')
  return `80500000 ${(data.length / 2).toString(16).padStart(2, '0')} ${data}`
}

const [first, second] = ['11'.repeat(32), '22'.repeat(32)] as const
const share = (hex: string, index = '00') => `805200${index} 20 ${hex} 00`
const keyCheckValue = (...shares: string[]) =>
  toHex(keyEncryptionKey(combineShares(shares.map(hex => fromHex(hex)))).keyCheckValue).toUpperCase()
const none = '00'.repeat(8)
const ecKey = (key: string, domain = '') => {
  const data = `5F290100 7F4915 060A04007F00070202020102 8203010001 02020400 5F20015A ${domain}`.replaceAll(' ', '')
  return `0046${key}00 ${(data.length / 2).toString(16)} ${data}`
}

exchanges('two shares, as sc-hsm-tool does', 'selected', [
  ['initialise', initialize('920102'), '9000'],
  ['query: both are missing', '8052000000', `0202 ${none} 9000`],
  ['the only domain', '8052000100', '6A86'],
  ['a share, without a PIN', share(first), `0201 ${none} 9000`],
  ['query', '8052000000', `0201 ${none} 9000`],
  ['too short', '805200001F'.concat('00'.repeat(31)), '6700'],
  ['too long', '8052000021'.concat('00'.repeat(33)), '6700'],
  ['the other one', share(second), `0200 ${keyCheckValue(first, second)} 9000`],
  ['query', '8052000000', `0200 ${keyCheckValue(second, first)} 9000`],
  ['one too many', share(first), '6986'],
  ['in a domain that there is not', share(first, '01'), '6A86'],
])

exchanges('a key that the card makes itself', 'selected', [
  ['initialise', initialize('920100'), '9000'],
  ['there is a key, and it has no shares', '8052000000', /^0000(?!0{16}).{16}9000$/],
  ['it takes none', share(first), '6986'],
])

exchanges('many domains', 'selected', [
  ['initialise', initialize('970103'), '9000'],
  ['none is set up', '8052000000', '6A88'],
  ['the last', '8052000200', '6A88'],
  ['beyond the last', '8052000300', '6A86'],
  ['a share for none', share(first), '6A88'],
  ['create, without a PIN', '8052010001 01 00', '6982'],
  ['a key for a domain that is not set up', ecKey('01', '920100'), '6982'],
  ['log in', apdu.verify, '9000'],
  ['create', '8052010101 01 00', `0101 ${none} 9000`],
  ['again', '8052010101 02 00', '6A89'],
  ['of no shares', '8052010001 00 00', '6A80'],
  ['of a number of two bytes', '8052010002 0001 00', '6700'],
  ['of no number', '8052010000', '6700'],
  ['beyond the last', '8052010301 01 00', '6A86'],
  ['a share', share(first, '01'), `0100 ${keyCheckValue(first)} 9000`],
  ['a key for a domain that is not set up', ecKey('01', '920100'), '6A88'],
  ['a key for a domain that there is not', ecKey('01', '920103'), '6A80'],
  ['a key for this one', ecKey('01', '920101'), '9000'],
  ['its parameters say so', '00A4000002CC0100', /A5059100920101 ?9000$/],
  ['an AES key as well', '004802B2 03 920101', '9000'],
  ['delete a domain with keys in it', '80520301', '6A89'],
  ['delete its key', '8052040100', `0101 ${none} 9000`],
  ['and give it another', share(second, '01'), `0100 ${keyCheckValue(second)} 9000`],
  ['delete the keys', '00E4020002CC01', '9000'],
  ['both', '00E4020002CC02', '9000'],
  ['delete the domain', '80520301', '9000'],
  ['it is gone', '8052000100', '6A88'],
  ['delete it again', '80520301', '6A88'],
  ['and its key', '8052040100', '6A88'],
  ['beyond the last', '80520303', '6A86'],
  ['and its key', '8052040300', '6A86'],
  ['log out', apdu.select, /9000$/],
  ['delete, without a PIN', '80520301', '6982'],
  ['the key, without a PIN', '8052040100', '6982'],
  ['another operation', '8052050100', '6A86'],
])

exchanges('without domains', 'loggedIn', [
  ['query', '8052000000', '6D00'],
  ['a share', share(first), '6D00'],
  ['create', '8052010001 01 00', '6D00'],
  ['delete', '80520300', '6D00'],
  ['delete its key', '8052040000', '6D00'],
  ['a key in one', ecKey('01', '920100'), '6A81'],
  ['a key in none', ecKey('01'), '9000'],
  ['its parameters name none', '00A4000002CC0100', /A5029100 ?9000$/],
])

exchanges('initialising again', 'selected', [
  ['two domains, one set up', initialize('920101 970102'), '9000'],
  ['the first', '8052000000', `0101 ${none} 9000`],
  ['the second', '8052000100', '6A88'],
  ['a share', share(first), `0100 ${keyCheckValue(first)} 9000`],
  ['a key in the first, where nothing is said', apdu.verify, '9000'],
  ['made', ecKey('01'), '9000'],
  ['its parameters', '00A4000002CC0100', /A5059100920100 ?9000$/],
  ['with another number of shares', initialize('920102'), '9000'],
  ['the share is gone', '8052000000', `0202 ${none} 9000`],
  ['without', initialize(''), '9000'],
  ['there is none', '8052000000', '6D00'],
])

test('any number of shares, with a restart after each', async () => {
  const hex = fc.uint8Array({ minLength: 32, maxLength: 32 })
  await fc.assert(
    fc.asyncProperty(fc.array(hex, { minLength: 1, maxLength: 5 }), async shares => {
      const store = memoryStore()
      const { send, emulator } = await emulatedToken('selected', store)
      assert.equal(await send(initialize(`9201${toHex(Uint8Array.of(shares.length))}`)), '9000')
      await emulator.close()
      let answer = ''
      for (const each of shares) {
        await using again = await Emulator.open({ store })
        const answers = await again.transmit([apdu.select, share(toHex(each))].map(command => fromHex(command)))
        answer = toHex(answers[1]!)
      }
      const { keyCheckValue } = keyEncryptionKey(combineShares(shares))
      assert.equal(answer.slice(4), `${toHex(keyCheckValue)}9000`)
    }),
    { numRuns: 20 },
  )
})

test('domains and the keys in them are kept', async () => {
  const store = memoryStore()
  const { send } = await emulatedToken('selected', store)
  await send(initialize('970103'))
  await send(apdu.verify)
  await send('8052010101 02 00')
  await send(share(first, '01'))
  await send(ecKey('05', '920101'))
  const { keyDomains, keys } = decode(StateFormat, (await store.load())!)
  assert.deepEqual(keyDomains, [undefined, { shares: 2, outstanding: 1, key: fromHex(first) }, undefined])
  assert.equal(keys.get(5)?.keyDomain, 1)
})
