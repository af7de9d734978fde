/**
 * A process that is there to be killed: the emulated card in a state file (`card FILE`), or the host, which carries out an
 * operation on cards of the process that started it (`host NAME`). Says when it is ready, and then what the card has acknowledged.
 */
import { once } from 'node:events'
import { SmartCardHsm } from '@keytether/driver'
import { Emulator, emulatorRoot, fileStore } from '@keytether/emulator'
import { type OperationName, operations, pin } from './operations.ts'
import { cardOf, serveCards } from './remote-card.ts'

const [role, parameter] = process.argv.slice(2)
const peer = process as unknown as Parameters<typeof serveCards>[0]
const say = (said: string) => process.send!({ said })

if (role === 'card') {
  serveCards(peer, [await Emulator.open({ store: fileStore(parameter!) })])
  say('ready')
} else {
  const [card, other] = await Promise.all([opened(0), opened(1)])
  say('ready')
  await once(process, 'message')
  await operations[parameter as OperationName].run({ card, other }, say)
  say('done')
}

async function opened(index: number): Promise<SmartCardHsm> {
  const card = await SmartCardHsm.open(cardOf(peer, index), { roots: [emulatorRoot] })
  await card.verifyPin(pin)
  return card
}
