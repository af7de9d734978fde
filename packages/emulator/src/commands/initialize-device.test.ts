/** Initialisation: what it sets, erases and leaves, and what it refuses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apdu, emulatedToken, exchanges, pin, soPin } from '@keytether/test/emulated-token'

const wrongSo = '3030303030303030'

function command(objects: string): string {
  const data = objects.replaceAll(' ', '')
  return `80500000${(data.length / 2).toString(16).padStart(2, '0')}${data}`
}

const base = `80020001 8106${pin} 8208${soPin}`

exchanges('fresh', 'selected', [
  ['status', '8050000000', '00100000 00 04 01 9000'],
  ['objects', '80580000 000000', 'CC00 2F02 9000'],
  ['PIN missing', command(`80020001 8208${soPin} 910103`), '6A80'],
  ['SO-PIN missing', command(`80020001 8106${pin}`), '6A80'],
  ['options missing', command(`8106${pin} 8208${soPin}`), '6A80'],
  ['PIN too short', command(`80020001 81053132333435 8208${soPin}`), '6A80'],
  ['PIN too long', command(`80020001 8111${'31'.repeat(17)} 8208${soPin}`), '6A80'],
  ['SO-PIN too short', command(`80020001 8106${pin} 8207${soPin.slice(2)}`), '6A80'],
  ['no tries', command(`${base} 910100`), '6A80'],
  ['too many for six digits', command(`${base} 910104`), '6A80'],
  ['too many for seven digits', command(`80020001 8107${pin}30 8208${soPin} 910106`), '6A80'],
  ['more than ten', command(`80020001 8108${pin}3030 8208${soPin} 91010B`), '6A80'],
  ['unknown object', command(`${base} 940101`), '6A80'],
  ['an object twice', command(`${base} 910103 910103`), '6A80'],
  ['not data objects', '8050000003 313233', '6A80'],
  ['biometrics', command(`${base} 9505 A000000001`), '6A81'],
  ['no key domains', command(`${base} 970100`), '6A80'],
  ['17 key domains', command(`${base} 970111`), '6A80'],
  ['an option that there is not', command(`80020041 8106${pin} 8208${soPin}`), '6A81'],
  ['options of other makers', command(`80020101 8106${pin} 8208${soPin}`), '6A81'],
  ['combined authentication without keys', command(`80020011 8106${pin} 8208${soPin}`), '6A80'],
  ['combined authentication without PIN', command(`80020011 8208${soPin} 93020101`), '6A80'],
  ['no keys to register', command(`80020001 8208${soPin} 93020000`), '6A80'],
  ['none required', command(`80020001 8208${soPin} 93020100`), '6A80'],
  ['more required than registered', command(`80020001 8208${soPin} 93020203`), '6A80'],
  ['91 keys', command(`80020001 8208${soPin} 93025B01`), '6A80'],
  ['a count of three bytes', command(`80020001 8208${soPin} 9303020100`), '6A80'],
  ['nothing was changed', '00200081', '6A88'],
  ['in another order', command(`910103 8208${soPin} 8106${pin} 80020001`), '9000'],
  ['it is', '00200081', '63C3'],
  ['options, in the parameters of the application', apdu.select, /85050001000401/],
])

exchanges('tries', 'selected', [
  ['three if not said', command(base), '9000'],
  ['query', '00200081', '63C3'],
  ['ten for eight digits', command(`80020001 8108${pin}3030 8208${soPin} 91010A`), '9000'],
  ['query', '00200081', '63CA'],
  ['one', command(`${base} 910101`), '9000'],
  ['query', '00200081', '63C1'],
])

exchanges('again', 'loggedIn', [
  ['a key', '00460100 20 5F290100 7F4915 060A04007F00070202020102 8203010001 02020400 5F20015A', '9000'],
  ['a file', '00D72F03 0A 54020000 5304 01020304', '9000'],
  ['wrong SO-PIN', command(`80020001 8106${pin} 8208${wrongSo}`), '63CE'],
  ['still logged in', '00200081', '9000'],
  ['a refused feature costs no try', command(`80020001 8106${pin} 8208${wrongSo} 9505 A000000001`), '6A81'],
  ['query', '00200088', '63CE'],
  ['everything is there', '80580000 000000', 'CC00 2F02 CC01 2F03 CE01 9000'],
  ['right', command(`80020001 8107${pin}30 8208${soPin} 910105`), '9000'],
  ['SO-PIN has all tries', '00200088', '63CF'],
  ['not logged in', '00200081', '63C5'],
  ['everything is erased', '80580000 000000', 'CC00 2F02 9000'],
  ['but the device key', '00A40000 02 CC00', '9000'],
  ['and its certificate', '00B12F02 04 54020000 02', '7F219000'],
])

test('the device keeps its identity', async () => {
  const { send } = await emulatedToken('selected')
  const read = '00B12F02 000004 54020000 0000'
  const before = await send(read)
  assert.equal(await send(apdu.initialize), '9000')
  assert.equal(await send(read), before)
})
