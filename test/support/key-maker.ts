/**
 * A process that is there to be killed: opens the emulated token in the state file that it is given and makes EC keys,
 * one after the other. Prints `ready` and then, as soon as the token has answered, one line a key: `answered`, the key's
 * reference, and the request that the token made, in hex; and `described` and the reference when the key is complete.
 */
import { writeSync } from 'node:fs'
import { type Channel, GenerateKeyPair } from '@keytether/card'
import { toHex } from '@keytether/codec'
import { SmartCardHsm } from '@keytether/driver'
import { Emulator, emulatorRoot, fileStore } from '@keytether/emulator'

const [file, pin] = process.argv.slice(2)
const emulator = await Emulator.open({ store: fileStore(file!) })
const card = await SmartCardHsm.open(telling(emulator), { roots: [emulatorRoot] })
await card.verifyPin(Buffer.from(pin!))
say('ready')
// There are 255 key references.
for (let count = 0; count < 200; count++) {
  const { reference } = await card.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { label: `key ${count}` })
  say(`described ${reference}`)
}

/** Tells of every key that the card says it has made, before anybody else hears of it. */
function telling(channel: Channel): Channel {
  return {
    atr: channel.atr,
    async transmit(commands) {
      const responses = await channel.transmit(commands)
      for (const [index, command] of commands.entries()) {
        if (command[1] !== GenerateKeyPair.ins) continue
        const response = toHex(responses[index]!)
        if (response.endsWith('9000')) say(`answered ${command[2]} ${response.slice(0, -4)}`)
      }
      return responses
    },
    reset: () => channel.reset(),
    close: reason => channel.close(reason),
  }
}

/** Not `process.stdout`, whose buffer would die with us. */
function say(line: string): void {
  writeSync(1, `${line}\n`)
}
