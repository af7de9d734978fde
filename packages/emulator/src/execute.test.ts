/** What is answered whatever the command is: selection, classes, instructions, lengths, secure messaging. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex, toHex } from '@keytether/codec'
import { apdu, type EmulatedToken, emulatedToken, exchanges, pin } from '@keytether/test/emulated-token'
import { isKnownAnswer, nearCommand } from '@keytether/test/near-commands'
import { openChannel, secure } from '@keytether/test/secure-channel'
import fc from 'fast-check'

exchanges('before the application is selected', 'powered', [
  ['the query that vendor software begins with', '00200081', '6E00'],
  ['no command of the application', '0084000008', '6E00'],
  ['nor in its own class', '8058000000', '6D00'],
  ['unknown class', 'F084000008', '6D00'],
  ['protected', '0C84000008', '6D00'],
  ['no file', '00A40000022F0200', '6A82'],
  ['another application', '00A4040007 6276 01FF 000000 00', '6A82'],
  ['no command at all', '0084', '6700'],
  ['then it is', apdu.select, /^621E.*9000$/],
  ['and answers', '00200081', '6A88'],
])

exchanges('classes, instructions, parameters, lengths', 'loggedIn', [
  ['class 01', '0184000008', '6E00'],
  ['class 10, chained', '1084000008', '6E00'],
  ['class F0', 'F084000008', '6E00'],
  ['random bytes in the other class, as pypicohsm asks for them', '80840000000008', /^.{16}9000$/],
  ['its list of objects', '00580000000000', /^CC002F029000$/],
  ['no such instruction', '00FF0000', '6D00'],
  ['key domains are not there', '8052000000', '6D00'],
  ['public key authentication was not asked for', '8054000004', '6D00'],
  ['wrapping, without key domains', '80720192000000', '6D00'],
  ['unwrapping, without key domains', '80740193', '6D00'],
  ['a certificate without content', '002A00BE', '6A80'],
  ['session PINs were not asked for', '805A018100', '6D00'],
  ['no GET RESPONSE', '00C0000000', '6D00'],
  ['wrong parameters', '0084000108', '6A86'],
  ['wrong parameters', '0020018100', '6A86'],
  ['choosing a key to decipher with', '002281B8 03 830101', '6A86'],
  ['nothing', '', '6700'],
  ['three bytes', '002000', '6700'],
  ['Lc beyond the end', '0020008106 3634', '6700'],
  ['more than Lc and Le', '00200081 01 36 00 00', '6700'],
  ['data for a command that takes none', '00840000 01 00 08', '6700'],
  ['data objects that are none', '00B12F03 02 5402 00', '6A80'],
  ['still logged in', '00200081', '9000'],
])

exchanges('short and extended lengths', 'loggedIn', [
  ['short', '00840000 08', /^.{16}9000$/],
  ['extended Le', '00840000 000008', /^.{16}9000$/],
  ['extended Lc without need', `00200081 000006 ${pin}`, '9000'],
  ['extended Lc and Le', `00200081 000006 ${pin} 0000`, '9000'],
  ['short with data and Le', `00200081 06 ${pin} 00`, '9000'],
  ['no Le, no data', '00A40000022F02', '9000'],
  ['Le shorter than the answer', '00A40000022F0208', '6700'],
])

exchanges('the same PIN query, with and without Le', 'initialized', [
  ['case 1', '00200081', '63C3'],
  ['case 2', '0020008100', '63C3'],
  ['case 2, extended', '00200081 000000', '63C3'],
])

test('log-in ends with a reset, and with a reset the application is not selected', async () => {
  const { emulator, send } = await emulatedToken('loggedIn')
  assert.equal(toHex(await emulator.reset()).toUpperCase(), '3BDE96FF8191FE1FC38031815448534D3173802140810792')
  assert.equal(await send('00200081'), '6E00')
  await send(apdu.select)
  assert.equal(await send('00200081'), '63C3')
})

test('secure messaging', async t => {
  await t.test('needs no log-in, and log-in counts inside and outside', async () => {
    const token = await emulatedToken('initialized')
    const messaging = await openChannel(token)
    const send = (command: string) => secure(token, messaging, command)
    assert.equal(await send('0020008100'), '63C3')
    assert.equal(await send('00200081'), '63C3')
    assert.equal(await send(apdu.verify), '9000')
    assert.equal(await send(`${apdu.verify}00`), '9000')
    assert.match(await send('0084000010'), /^.{32}9000$/)
    assert.equal(await send('00D72F03 0A 54020000 5304 01020304'), '9000')
    assert.equal(await send('00B12F03 04 54020000 04'), '010203049000')
    assert.equal(await send('00B12F03 000004 54020000 0000'), '010203046282', 'a warning is protected')
    assert.equal(await send('00A40000022F0300'), '620E81020004820101 83022F03 8A0105 9000'.replaceAll(' ', ''))
    assert.equal(await send('80687F70 01 01 00'), '6A82', 'an error is protected')
    assert.equal(await send('00FF0000'), '6D00')
    assert.equal(await send(apdu.select), '6A82', 'the application is selected in plain only')
    assert.equal(await token.send('00200081'), '9000', 'and the log-in holds in plain')
  })

  await t.test('a plain command ends it', async () => {
    for (const plain of ['00200081', '0084000008', '00B12F02 04 54020000 00', '00A40000022F0200', 'F000', '00FF0000']) {
      const token = await emulatedToken('loggedIn')
      const messaging = await openChannel(token)
      assert.equal(await secure(token, messaging, '0020008100'), '9000')
      await token.send(plain)
      assert.equal(await token.send(toHex(messaging.protect(fromHex('0020008100')))), '6882')
      assert.equal(await token.send('00200081'), '9000', 'but not the log-in')
    }
  })

  await t.test('selecting the application ends it, and the log-in', async () => {
    const token = await emulatedToken('loggedIn')
    const messaging = await openChannel(token)
    await token.send(apdu.select)
    assert.equal(await token.send(toHex(messaging.protect(fromHex('0020008100')))), '6882')
    assert.equal(await token.send('00200081'), '63C3')
  })

  await t.test('a wrong MAC, a replay or a missing MAC ends it, in plain', async () => {
    const cases: readonly (readonly [string, (command: string) => string, string])[] = [
      [
        'MAC changed',
        command => command.replace(/..00$/, match => (match[0] === '0' ? '1' : '0') + match.slice(1)),
        '6988',
      ],
      ['class without the header bit', command => command.replace(/^0c/, '08'), '6988'],
      ['no MAC', () => '0C200081 03 970100 00', '6987'],
      ['no data at all', () => '0C200081', '6987'],
    ]
    for (const [what, change, answer] of cases) {
      const token = await emulatedToken('loggedIn')
      const messaging = await openChannel(token)
      const command = toHex(messaging.protect(fromHex('0020008100')))
      assert.equal(await token.send(change(command)), answer, what)
      assert.equal(await token.send(command), '6882', what)
    }
    const token = await emulatedToken('loggedIn')
    const messaging = await openChannel(token)
    const command = toHex(messaging.protect(fromHex('0020008100')))
    messaging.unprotect(fromHex(await token.send(command)))
    assert.equal(await token.send(command), '6988', 'replay')
  })

  await t.test('opened again, in plain and inside', async () => {
    const token = await emulatedToken('loggedIn')
    const first = await openChannel(token)
    const second = await openChannel(token)
    assert.equal(await secure(token, second, '0020008100'), '9000')
    const inside: EmulatedToken = { ...token, send: command => secure(token, second, command) }
    const third = await openChannel(inside)
    assert.equal(await secure(token, third, '0020008100'), '9000')
    assert.equal(await token.send(toHex(first.protect(fromHex('0020008100')))), '6988')
  })

  await t.test('whatever is sent inside, the answer is protected, and the channel goes on', async () => {
    const batches = fc.array(nearCommand, { minLength: 1, maxLength: 12 })
    const property = fc.asyncProperty(batches, async batch => {
      const token = await emulatedToken('loggedIn')
      const messaging = await openChannel(token)
      for (const command of batch) {
        const answer = await secure(token, messaging, toHex(command))
        assert.ok(isKnownAnswer(fromHex(answer)), `${toHex(command)}: ${answer}`)
      }
    })
    await fc.assert(property, { numRuns: 200 })
  })

  await t.test('ends with a reset', async () => {
    const token = await emulatedToken('loggedIn')
    const messaging = await openChannel(token)
    await token.emulator.reset()
    await token.send(apdu.select)
    assert.equal(await token.send(toHex(messaging.protect(fromHex('0020008100')))), '6882')
  })
})

const generator = `04${'8bd2aeb9cb7e57cb2c4b482ffc81b7afb9de27e1e3bd23c23a4453bd9ace3262'}${'547ef835c3dac4fd97f8461a14611dc9c27745132ded8e545c1d54c72f046997'}`

exchanges('chip authentication, refused', 'selected', [
  ['protected without a channel', '0C200081 0D 970100 8E080000000000000000 00', '6882'],
  ['not announced', `00860000 45 7C438041${generator} 00`, '6985'],
  ['3DES', '002241A4 0C 800A 04007F00070202030201', '6A80'],
  ['after that', `00860000 45 7C438041${generator} 00`, '6985'],
  ['AES', '002241A4 0C 800A 04007F00070202030202', '9000'],
  ['not on the curve', `00860000 45 7C438041${generator.replace(/97$/, '98')} 00`, '6A80'],
  ['only one try', `00860000 45 7C438041${generator} 00`, '6985'],
  ['AES', '002241A4 0C 800A 04007F00070202030202', '9000'],
  ['compressed', `00860000 25 7C238021 02${generator.slice(2, 66)} 00`, '6A80'],
  ['AES', '002241A4 0C 800A 04007F00070202030202', '9000'],
  ['the point at infinity', '00860000 05 7C03800100 00', '6A80'],
  ['AES', '002241A4 0C 800A 04007F00070202030202', '9000'],
  ['well', `00860000 45 7C438041${generator} 00`, /^7C148108.{16}8208.{16}9000$/],
])
