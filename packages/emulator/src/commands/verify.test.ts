/** PINs: presented, changed, reset, blocked. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apdu, emulatedToken, exchanges, pin, soPin } from '@keytether/test/emulated-token'
import { memoryStore } from '../store/store.ts'

const wrong = '0020008106 393939393939'
const wrongSo = '3030303030303030'
const newPin = '31323334353637'

exchanges('not initialised, there are no PINs', 'selected', [
  ['query', '00200081', '6A88'],
  ['query', '00200088', '6A88'],
  ['verify', apdu.verify, '6A88'],
  ['change', `002400810C${pin}${pin}`, '6A88'],
  ['reset', `002C00810E${soPin}${pin}`, '6A88'],
  ['biometrics', '00200085', '6A88'],
  ['biometrics', '00200086', '6A88'],
])

exchanges('VERIFY', 'initialized', [
  ['query', '00200081', '63C3'],
  ['query of the SO-PIN', '00200088', '63CF'],
  ['no biometrics', '00200085', '6A88'],
  ['no biometrics', '0020008500', '6A88'],
  ['no such reference', '00200082', '6A86'],
  ['five digits', '0020008105 3634383231', '6A80'],
  ['seventeen digits', `0020008111 ${'31'.repeat(17)}`, '6A80'],
  ['no try was spent', '00200081', '63C3'],
  ['right', apdu.verify, '9000'],
  ['query', '00200081', '9000'],
  ['wrong ends the log-in', wrong, '63C2'],
  ['query', '00200081', '63C2'],
  ['only a part', `0020008107 ${pin}30`, '63C1'],
  ['right gives all tries back', apdu.verify, '9000'],
  ['wrong', wrong, '63C2'],
  ['wrong', wrong, '63C1'],
  ['wrong', wrong, '63C0'],
  ['blocked, even if right', apdu.verify, '6983'],
  ['query', '00200081', '6983'],
  ['nor is it changed', `002400810C${pin}${pin}`, '6983'],
  ['SO-PIN', `0020008808 ${soPin}`, '9000'],
  ['query', '00200088', '9000'],
  ['wrong SO-PIN', `0020008808 ${wrongSo}`, '63CE'],
  ['query', '00200088', '63CE'],
  ['wrong length', `0020008806 ${pin}`, '6A80'],
])

exchanges('CHANGE REFERENCE DATA', 'loggedIn', [
  ['wrong old', `002400810D 303030303030 ${newPin}`, '63C2'],
  ['that ended the log-in', '00200081', '63C2'],
  ['new one too short', `002400810B ${pin} 3132333435`, '6A80'],
  ['that logs nobody in', '00200081', '63C3'],
  ['new one too long', `0024008117 ${pin} ${'31'.repeat(17)}`, '6A80'],
  ['less than the old one', '0024008105 3634383231', '63C2'],
  ['right', `002400810D ${pin} ${newPin}`, '9000'],
  ['who changes it is logged in', '00200081', '9000'],
  ['the old one is wrong', apdu.verify, '63C2'],
  ['the new one is right', `0020008107 ${newPin}`, '9000'],
  ['SO-PIN, wrong', `0024008810 ${wrongSo} ${soPin}`, '63CE'],
  ['SO-PIN, of another length', `002400880F ${soPin} ${newPin}`, '6A80'],
  ['SO-PIN, right', `0024008810 ${soPin} ${wrongSo}`, '9000'],
  ['the new one', `0020008808 ${wrongSo}`, '9000'],
  ['initialising needs the new one', apdu.initialize, '63CE'],
])

exchanges('RESET RETRY COUNTER', 'loggedIn', [
  ['wrong', wrong, '63C2'],
  ['wrong SO-PIN', `002C010108 ${wrongSo}`, '6A86'],
  ['wrong SO-PIN', `002C018108 ${wrongSo}`, '63CE'],
  ['counter only', `002C018108 ${soPin}`, '9000'],
  ['all tries are back, and nobody is logged in', '00200081', '63C3'],
  ['SO-PIN too', '00200088', '63CF'],
  ['the PIN is the same', apdu.verify, '9000'],
  ['new PIN', `002C00810F ${soPin} ${newPin}`, '9000'],
  ['that ends the log-in', '00200081', '63C3'],
  ['the new one', `0020008107 ${newPin}`, '9000'],
  ['new PIN too short', `002C00810D ${soPin} 3132333435`, '6A80'],
  ['new PIN too long', `002C008119 ${soPin} ${'31'.repeat(17)}`, '6A80'],
  ['more than the SO-PIN', `002C018109 ${soPin}00`, '6A80'],
  ['less than the SO-PIN', '002C018106 303030303030', '6A80'],
  ['not by somebody who has presented it before', '002C0281', '6A86'],
])

exchanges('RESET RETRY COUNTER unblocks', 'initialized', [
  ['wrong', wrong, '63C2'],
  ['wrong', wrong, '63C1'],
  ['wrong', wrong, '63C0'],
  ['unblocked', `002C018108 ${soPin}`, '9000'],
  ['right', apdu.verify, '9000'],
])

exchanges('RESET RETRY COUNTER is not allowed', 'selected', [
  ['option 0001 not set', `8050000019 80020000 8106${pin} 8208${soPin} 910103`, '9000'],
  ['counter', `002C018108 ${soPin}`, '6986'],
  ['new PIN', `002C00810E ${soPin} ${pin}`, '6986'],
  ['no try of the SO-PIN for that', `002C018108 ${wrongSo}`, '6986'],
  ['query', '00200088', '63CF'],
])

exchanges('RESET RETRY COUNTER only resets the counter', 'selected', [
  ['options 0021', `8050000019 80020021 8106${pin} 8208${soPin} 910103`, '9000'],
  ['new PIN', `002C00810E ${soPin} ${pin}`, '6986'],
  ['counter', `002C018108 ${soPin}`, '9000'],
])

exchanges('transport PIN', 'selected', [
  ['options 0003', `8050000019 80020003 8106${pin} 8208${soPin} 910103`, '9000'],
  ['query', '00200081', '6984'],
  ['verify', apdu.verify, '6984'],
  ['verify, wrong', wrong, '6984'],
  ['change, wrong', `002400810D 303030303030 ${newPin}`, '63C2'],
  ['resetting the counter leaves it', `002C018108 ${soPin}`, '9000'],
  ['query', '00200081', '6984'],
  ['change', `002400810D ${pin} ${newPin}`, '9000'],
  ['query', '00200081', '9000'],
  ['the new one', `0020008107 ${newPin}`, '9000'],
])

test('a security officer has 15 tries, and then nothing helps', async () => {
  const { send } = await emulatedToken('initialized')
  for (let left = 14; left >= 0; left--) {
    assert.equal(await send(`0020008808 ${wrongSo}`), `63C${left.toString(16).toUpperCase()}`)
  }
  const again = ['00200088', `0020008808 ${soPin}`, `0024008810 ${soPin} ${soPin}`, `002C018108 ${soPin}`]
  for (const command of [...again, apdu.initialize]) assert.equal(await send(command), '6983')
  assert.equal(await send(apdu.verify), '9000')
})

test('a wrong try is stored before it is answered', async () => {
  const store = memoryStore()
  const first = await emulatedToken('initialized', store)
  assert.equal(await first.send(wrong), '63C2')
  const second = await emulatedToken('selected', store)
  assert.equal(await second.send('00200081'), '63C2')
  assert.equal(await second.send(`0020008808 ${wrongSo}`), '63CE')
  const third = await emulatedToken('selected', store)
  assert.equal(await third.send('00200088'), '63CE')
  assert.equal(await third.send(apdu.verify), '9000')
  const fourth = await emulatedToken('selected', store)
  assert.equal(await fourth.send('00200081'), '63C3')
})
