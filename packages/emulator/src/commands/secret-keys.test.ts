/** GENERATE SECRET KEY and USE SECRET KEY: every size and algorithm, and every rule with its status word. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { decode, encode, fromHex } from '@keytether/codec'
import { apdu, emulatedToken, exchanges } from '@keytether/test/emulated-token'
import { secretKeyOf } from '../keys/private-key.ts'
import { freeMemory, freshState, StateFormat } from '../state.ts'
import { memoryStore } from '../store/store.ts'

const block = '00112233445566778899AABBCCDDEEFF'

exchanges('before the application is selected', 'powered', [
  ['generate', '00480AB2 06 910410111899', '6E00'],
  ['use', `80780A10 10 ${block} 00`, '6D00'],
  ['derive', '80760102 03 980102', '6D00'],
])

exchanges('without the PIN', 'initialized', [
  ['generate', '00480AB2 06 910410111899', '6982'],
  ['use', `80780A10 10 ${block} 00`, '6982'],
  ['there is none', '80580000 000000', 'CC00 2F02 9000'],
])

exchanges('generate', 'loggedIn', [
  ['as sc-hsm-embedded does', '00480AB2 06 910410111899', '9000'],
  ['in extended length', '00480BB0 000006 910410111899', '9000'],
  ['without data', '00480CB1', '9000'],
  ['listed, and nothing is stored beside them', '80580000 000000', 'CC00 2F02 CC0A CC0B CC0C 9000'],
  ['its parameters', '00A4000002CC0A00', '6216 81020000 820101 8302CC0A 8A0105 A506910410111899 9000'],
  ['not to be read', '00B1CC0A 04 54020000 00', '6982'],
  ['the reference is taken', '00480AB2 06 910410111899', '6A89'],
  ['the device key', '004800B2 06 910410111899', '6A86'],
  ['512 bits', '004801B3 06 910410111899', '6A86'],
  ['a type that there is not', '00480100 06 910410111899', '6A86'],
  ['17 algorithms', `004801B2 13 9111${'10'.repeat(17)}`, '6A80'],
  ['a counter of three bytes', '004801B2 05 9003000001', '6A80'],
  ['a counter that stands for none', '004801B2 06 9004FFFFFFFF', '6A80'],
  ['unknown data', '004801B2 03 940100', '6A80'],
  ['a key domain', '004801B2 03 920100', '6A81'],
  ['a wrapping key', '004801B2 03 930101', '6A81'],
  ['deleted', '00E40200 02 CC0A', '9000'],
  ['made anew', '00480AB2 03 910118', '9000'],
])

exchanges('use', 'loggedIn', [
  ['a key for CBC and CMAC', '004801B0 05 9103101118', '9000'],
  ['a key for everything, twice', '004802B2 06 900400000002', '9000'],
  ['an EC key', `00460300 20 5F290100 7F4915 060A04007F00070202020102 8203010001 02020400 5F20015A`, '9000'],
  ['CBC', `80780110 10 ${block} 00`, /^.{32}9000$/],
  ['two blocks, extended', `80780111 000020 ${block}${block} 0000`, /^.{64}9000$/],
  ['no block', '80780110 00', '6700'],
  ['half a block', '80780110 08 0011223344556677 00', '6700'],
  ['a block and a byte', `80780111 11 ${block}00 00`, '6700'],
  ['CMAC of nothing', '80780118 00', /^.{32}9000$/],
  ['CMAC of a byte', '80780118 01 00 00', /^.{32}9000$/],
  ['Le too short', `80780110 10 ${block} 0F`, '6700'],
  ['derivation is not in the list', '80780199 01 00 00', '6A81'],
  ['no such key', `80780910 10 ${block} 00`, '6A82'],
  ['the device key', `80780010 10 ${block} 00`, '6A81'],
  ['no algorithm of this command', `80780170 10 ${block} 00`, '6A86'],
  ['no algorithm at all', `807801FF 10 ${block} 00`, '6A86'],
  ['not an AES key', `80780310 10 ${block} 00`, '6A81'],
  ['an AES key does not sign', `80680170 10 ${block} 00`, '6A81'],
  ['nor with an algorithm of its own', `80680110 10 ${block} 00`, '6A86'],
  ['derivation', '80780299 05 6C6162656C 00', /^.{64}9000$/],
  ['refused uses do not count', '80780210 08 0011223344556677 00', '6700'],
  ['one is left', '00A4000002CC0200', /A508900400000001/],
  ['the last one', `80780210 10 ${block} 00`, /^.{32}9000$/],
  ['used up', `80780210 10 ${block} 00`, '6984'],
  ['whatever the length', '80780210 08 0011223344556677 00', '6984'],
])

test('the key is stored, with its uses', async () => {
  const key = { privateKey: secretKeyOf(fromHex('00'.repeat(24))), useCounter: 1, algorithms: fromHex('1099') }
  const state = { ...freshState(), keys: new Map([[7, key]]) }
  assert.deepEqual(decode(StateFormat, encode(StateFormat, state)).keys, state.keys)
  assert.equal(freeMemory(freshState()) - freeMemory(state), 24)

  const store = memoryStore()
  const first = await emulatedToken('loggedIn', store)
  await first.send('004801B2 06 900400000002')
  const answer = await first.send('80780199 01 00 00')
  const second = await emulatedToken('selected', store)
  await second.send(apdu.verify)
  assert.equal(await second.send('80780199 01 00 00'), answer)
  assert.equal(await second.send('80780199 01 00 00'), '6984')
  const made = decode(StateFormat, (await store.load())!).keys.get(1)!.privateKey
  assert.ok(made.kind === 'aes')
  const expected = createHash('sha256').update(fromHex('00000001')).update(made.key).update(fromHex('00'))
  assert.equal(answer, `${expected.digest('hex').toUpperCase()}9000`)
})

test('no room', async () => {
  const token = await emulatedToken('loggedIn')
  const chunk = 'AA'.repeat(0x7ff0)
  for (let file = 0; file < 32; file++) {
    await token.send(`00D7CD${file.toString(16).padStart(2, '0')} 007FF8 54020000 53827FF0 ${chunk}`)
  }
  assert.equal(await token.send(`00D7CDFE 0001F8 54020000 538201F0 ${'AA'.repeat(0x1f0)}`), '9000')
  assert.equal(await token.send('004801B2'), '6A84')
  assert.equal(await token.send('004801B0'), '9000')
})
