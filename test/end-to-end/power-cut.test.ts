/**
 * Operations of several steps, cut short: by the end of the card's process, and by the end of the host's. What the card had
 * acknowledged is there, what it lists can be used, and the same command again completes what was begun.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Channel, ChannelError } from '@keytether/card'
import { SmartCardHsm } from '@keytether/driver'
import { Emulator, emulatorRoot, fileStore } from '@keytether/emulator'
import { type Cards, type OperationName, operations, pin, prepareOther } from '@keytether/test/operations'
import { cardOf, serveCards } from '@keytether/test/remote-card'

/** Of each end. */
const kills = 5
/** Processes that start at a time. */
const atOnce = 3
const program = fileURLToPath(new URL('../support/interrupted.ts', import.meta.url))

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keytether-cut-'))
  await using other = await emulator('other')
  await prepareOther(await open(other))
})
after(() => rm(folder, { recursive: true, force: true }))

const file = (name: string) => join(folder, `${name}.state`)

function emulator(name: string): Promise<Emulator> {
  return Emulator.open({ store: fileStore(file(name)) })
}

/** A card that begins as another one is. */
async function copied(name: string, as: string): Promise<string> {
  await copyFile(file(name), file(as))
  await copyFile(`${file(name)}.key`, `${file(as)}.key`)
  return as
}

function open(channel: Channel): Promise<SmartCardHsm> {
  return SmartCardHsm.open(channel, { roots: [emulatorRoot] })
}

async function unlocked(channel: Channel): Promise<SmartCardHsm> {
  const card = await open(channel)
  await card.verifyPin(pin)
  return card
}

interface Cut {
  readonly told: ReadonlySet<string>
  /** How many transmissions there were. */
  readonly transmissions: number
}

/** Calls `cut` a few milliseconds after the transmission of that number. */
function cutter(at: number, cut: () => void) {
  let count = 0
  return {
    get count() {
      return count
    },
    next() {
      if (++count === at) setTimeout(cut, randomInt(4))
    },
  }
}

/** The host is killed; the card has power all the time. */
async function withoutHost(name: OperationName, state: string, other: string, at: number): Promise<Cut> {
  await using card = await emulator(state)
  await using source = await emulator(other)
  const told = new Set<string>()
  const host = started('host', name)
  let begun = false
  const cut = cutter(at, () => host.kill('SIGKILL'))
  serveCards(host, [card, source], () => begun && cut.next())
  host.on('message', ({ said }: { said?: string }) => {
    if (said === 'ready') {
      begun = true
      host.send('go')
    } else if (said === 'done') {
      host.kill('SIGKILL')
    } else if (said !== undefined) {
      told.add(said)
    }
  })
  await once(host, 'close')
  assert.ok(begun, 'the host got as far as to begin')
  return { told, transmissions: cut.count }
}

/** The card is killed, and the host finds that it is gone. */
async function withoutCard(name: OperationName, state: string, other: string, at: number): Promise<Cut> {
  await using source = await emulator(other)
  const emulated = started('card', file(state))
  const closed = once(emulated, 'close')
  await once(emulated, 'message')
  const told = new Set<string>()
  const channel = cardOf(emulated, 0)
  const cards = { card: await unlocked(channel), other: await unlocked(source) }
  const cut = cutter(at, () => emulated.kill('SIGKILL'))
  const { transmit } = channel
  channel.transmit = commands => {
    cut.next()
    return transmit(commands)
  }
  try {
    await operations[name].run(cards, step => told.add(step))
  } catch (error) {
    const { cause } = error as Error
    assert.ok(error instanceof ChannelError || cause instanceof ChannelError, String((error as Error).stack))
  }
  emulated.kill('SIGKILL')
  await closed
  return { told, transmissions: cut.count }
}

function started(...args: string[]): ChildProcess {
  // What the first process has compiled, the others need not.
  const env = { NODE_COMPILE_CACHE: join(folder, 'compiled'), ...process.env }
  return fork(program, args, { env, serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
}

async function afterwards(state: string, other: string, use: (cards: Cards) => Promise<void>): Promise<void> {
  await using card = await emulator(state)
  await using source = await emulator(other)
  await use({ card: await unlocked(card), other: await unlocked(source) })
}

for (const name of Object.keys(operations) as OperationName[]) {
  const operation = operations[name]
  describe(name, () => {
    before(async () => {
      await copied('other', `${name} other`)
      await using card = await emulator(name)
      await using source = await emulator(`${name} other`)
      await operation.prepare({ card: await open(card), other: await open(source) })
    })

    for (const [who, cut] of [
      ['host', withoutHost],
      ['card', withoutCard],
    ] as const) {
      test(`the ${who} is killed ${kills} times`, async t => {
        const round = async (index: number, at: number) => {
          const state = await copied(name, `${name} ${who} ${index}`)
          const other = await copied('other', `${state} other`)
          const result = await cut(name, state, other, at)
          await afterwards(state, other, async cards => {
            await operation.check(cards, result.told)
            await operation.repeat(cards)
            await operation.complete(cards)
          })
          return result
        }
        const whole = await round(0, Number.POSITIVE_INFINITY)
        const waiting = Array.from({ length: kills }, (_, i) => i + 1)
        const steps: number[] = []
        const work = async () => {
          for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
            // One more than there are: killed when all is done.
            const { told } = await round(index, 1 + randomInt(whole.transmissions + 1))
            steps.push(told.size)
          }
        }
        await Promise.all(Array.from({ length: atOnce }, work))
        t.diagnostic(`${whole.transmissions} transmissions, ${whole.told.size} steps; cut after ${steps.join(', ')}`)
      })
    }
  })
}
