/** The PC/SC channel against pcscd and a scripted card in vpcd. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ChannelError } from '@keytether/card'
import { fromHex, toHex } from '@keytether/codec'
import { listReaders, openPcsc, PcscError, type ReaderChange, watchReaders } from '@keytether/driver'
import { missingPeers, sandboxPeers } from '@keytether/test/peers'
import { insideSandbox, virtualReaders } from '@keytether/test/sandbox'
import { insertVirtualCard, type Script, type VirtualCard } from '@keytether/test/virtual-card'

const missing = missingPeers(sandboxPeers)
const [first, second] = virtualReaders
// What a SmartCard-HSM answers to a reset: T=1.
const atr = fromHex('3BFE1800008131FE458031815448534D31738021408107FA')
const onlyT0 = fromHex('3B00')
const ok = fromHex('9000')

if (missing !== undefined) {
  test('PC/SC', { skip: process.env.CI === 'true' ? false : missing }, () => assert.fail(missing))
} else if (await insideSandbox(import.meta.filename)) {
  test('readers are listed', async () => assert.deepEqual(await listReaders(), [first.name, second.name]))

  test('no card, no such reader, no T=1', async t => {
    await assert.rejects(openPcsc(first.name), pcscError('NO_CARD', 'No smart card inserted.', 0x8010000c))
    await assert.rejects(openPcsc('Nobody 00 00'), pcscError('UNKNOWN_READER', 'Unknown reader specified.', 0x80100009))
    await insert(t, { atr: onlyT0, answer: () => ok })
    await assert.rejects(openPcsc(first.name), pcscError('PROTOCOL', 'Card protocol mismatch.', 0x8010000f))
  })

  test('commands and answers, short and as long as vpcd takes them', async t => {
    await insert(t, { atr, answer: command => Buffer.concat([Buffer.from(command).reverse(), ok]) })
    await using channel = await openPcsc(first.name)
    assert.equal(toHex(channel.atr), toHex(atr))
    for (const length of [4, 5, 255, 261, 4096, 33_000, 65_533]) {
      const command = new Uint8Array(length).map((_, index) => index * 7)
      assert.deepEqual(await channel.transmit([command]), [Uint8Array.from([...command.toReversed(), ...ok])])
    }
    assert.deepEqual(await channel.transmit([]), [])
    const batch = ['00A40000', '00B00000', '00C00000'].map(fromHex)
    assert.deepEqual((await channel.transmit(batch)).map(toHex), ['0000a4009000', '0000b0009000', '0000c0009000'])
  })

  test('a command of less than 4 bytes is refused before it could hang pcscd', async t => {
    const card = await insert(t, { atr, answer: () => ok })
    await using channel = await openPcsc(first.name)
    for (const length of [0, 1, 3]) {
      await assert.rejects(channel.transmit([new Uint8Array(4), new Uint8Array(length)]), RangeError)
    }
    assert.deepEqual(card.commands, [])
  })

  test('calls take their turns, and no program comes between the commands of a batch', async t => {
    const card = await insert(t, { atr, answer: () => sleep(20, ok) })
    await using ours = await openPcsc(first.name)
    await using other = await openPcsc(first.name)
    const command = (owner: number, index: number) => Uint8Array.of(0, owner, index, 0)
    const batch = (owner: number) => Array.from({ length: 5 }, (_, index) => command(owner, index))
    await Promise.all([
      ours.transmit(batch(1)),
      other.transmit(batch(2)),
      ours.transmit([command(3, 0)]),
      other.transmit([command(4, 0)]),
    ])
    const owners = card.commands.map(([, owner]) => owner).join('')
    assert.match(owners, /^(?=.*11111)(?=.*22222)(?=.*1.*3)(?=.*2.*4)[1234]{12}$/)
  })

  test('reset takes the power from the card and gives its ATR; closing takes it, too', async t => {
    const card = await insert(t, { atr, answer: () => ok })
    const channel = await openPcsc(first.name)
    const before = card.power.length
    assert.equal(toHex(await channel.reset()), toHex(atr))
    assert.deepEqual(card.power.slice(before), ['off', 'on'])
    assert.deepEqual(await channel.transmit([fromHex('00A40000')]), [ok])
    await channel.close('the test is over')
    await channel.close()
    await until(() => card.power.slice(before + 2).includes('off'))
    await assert.rejects(channel.transmit([]), channelError('CLOSED', /the test is over/))
    await assert.rejects(channel.reset(), channelError('CLOSED', /the test is over/))
  })

  test("another program's reset does not go unnoticed", async t => {
    await insert(t, { atr, answer: () => ok })
    await using ours = await openPcsc(first.name)
    await using other = await openPcsc(first.name)
    await other.reset()
    const noticed = channelError('TRANSPORT', /Card was reset\./, 'CARD_RESET')
    await assert.rejects(ours.transmit([fromHex('00A40000')]), noticed)
    await assert.rejects(ours.transmit([fromHex('00A40000'), fromHex('00A40000')]), noticed)
    await ours.reset()
    assert.deepEqual(await ours.transmit([fromHex('00A40000')]), [ok])
  })

  test('the card is pulled out while it works, and stays away', async t => {
    const card: VirtualCard = await insert(t, {
      atr,
      answer: () => {
        void card.remove()
        return undefined
      },
    })
    await using channel = await openPcsc(first.name)
    await assert.rejects(channel.transmit([fromHex('00A40000')]), channelError('REMOVED', /Card was removed\./))
    await seen(first.name, 'empty')
    await assert.rejects(channel.transmit([fromHex('00A40000')]), channelError('REMOVED', /Card was removed\./))
    await assert.rejects(channel.reset(), channelError('REMOVED', /No smart card inserted\.|Card was removed\./))
  })

  test('an answer without status word is a lost card', async t => {
    await insert(t, { atr, answer: () => Uint8Array.of(0x90) })
    await using channel = await openPcsc(first.name)
    await assert.rejects(
      channel.transmit([fromHex('00A40000')]),
      channelError('REMOVED', /Card was removed\./, 'CARD_REMOVED'),
    )
  })

  test('readers and cards are watched as they come and go', async t => {
    const stop = new AbortController()
    t.after(() => stop.abort())
    const changes: ReaderChange[] = []
    const watching = watchReaders({ signal: stop.signal }, change => changes.push(change))
    await until(() => changes.length === 2)
    assert.deepEqual(changes.splice(0), [
      { reader: first.name, state: 'empty' },
      { reader: second.name, state: 'empty' },
    ])
    const card = await insertVirtualCard({ atr, answer: () => ok, slot: 1 })
    await until(() => changes.length === 1)
    assert.deepEqual(changes.splice(0), [{ reader: second.name, state: 'card', atr }])
    await card.remove()
    await until(() => changes.length === 1)
    assert.deepEqual(changes.splice(0), [{ reader: second.name, state: 'empty' }])
    const started = performance.now()
    stop.abort()
    await watching
    assert.ok(performance.now() - started < 500, 'ends at once when told to')
    await watchReaders({ signal: AbortSignal.abort() }, () => assert.fail('has not been asked to watch'))
  })

  test('without pcscd, the error says what to do', async () => {
    const program = `
      import { listReaders, watchReaders } from '@keytether/driver'
      const say = error => console.log(error.code, error.text, error.message.includes('apt-get install pcscd'))
      await listReaders().catch(say)
      await watchReaders({ signal: AbortSignal.timeout(5000) }, () => {}).catch(say)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      env: { ...process.env, PCSCLITE_CSOCK_NAME: '/run/pcscd/none' },
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: 10_000,
    })
    assert.equal(await output(child), 'SERVICE_UNAVAILABLE Service not available. true\n'.repeat(2))
  })
}

/** Inserts a card for one test, and waits until pcscd has seen it come and, afterwards, go. */
async function insert(t: TestContext, script: Script): Promise<VirtualCard> {
  const { name } = virtualReaders[script.slot ?? 0]
  const card = await insertVirtualCard(script)
  t.after(async () => {
    await card.remove()
    await seen(name, 'empty')
  })
  await seen(name, 'card')
  return card
}

async function seen(reader: string, state: ReaderChange['state']): Promise<void> {
  const stop = new AbortController()
  const timeout = AbortSignal.timeout(5_000)
  await watchReaders({ signal: AbortSignal.any([stop.signal, timeout]) }, change => {
    if (change.reader === reader && change.state === state) stop.abort()
  })
  assert.ok(!timeout.aborted, `${reader}: ${state} within 5 s`)
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000
  while (!condition()) {
    assert.ok(Date.now() < deadline, `${condition} within 5 s`)
    await sleep(10)
  }
}

async function output(child: ChildProcess): Promise<string> {
  let text = ''
  child.stdout!.on('data', chunk => {
    text += chunk
  })
  await once(child, 'close')
  return text
}

function pcscError(code: PcscError['code'], text: string, returnCode: number) {
  return (error: unknown) => {
    assert.ok(error instanceof PcscError)
    assert.deepEqual([error.code, error.text, error.returnCode], [code, text, returnCode])
    return true
  }
}

function channelError(code: ChannelError['code'], message: RegExp, cause?: PcscError['code']) {
  return (error: unknown) => {
    assert.ok(error instanceof ChannelError, String(error))
    assert.equal(error.code, code)
    assert.match(error.message, message)
    if (cause) assert.equal((error.cause as PcscError).code, cause)
    return true
  }
}
