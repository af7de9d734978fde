/** Cards in another process, over the messages of `fork`: for processes that are there to be killed. */
import type { ChildProcess } from 'node:child_process'
import { type Channel, ChannelError } from '@keytether/card'

/** One transmission to a card, or a reset if there are no commands. */
interface Question {
  readonly id: number
  readonly card: number
  readonly commands?: readonly Uint8Array[]
}

interface Answer {
  readonly id: number
  readonly responses?: readonly Uint8Array[]
}

/** What parent and child have in common: messages there, messages back, until the other one is gone. */
type Peer = Pick<ChildProcess, 'send' | 'on' | 'off'>

/** Answers for the cards until the other process is gone. `before` is told of each transmission. */
export function serveCards(peer: Peer, cards: readonly Channel[], before: () => void = () => {}): void {
  peer.on('message', async (message: Question) => {
    if (!('card' in message)) return
    const { id, card, commands } = message
    before()
    try {
      const responses = commands ? await cards[card]!.transmit(commands) : [await cards[card]!.reset()]
      peer.send({ id, responses }, () => {})
    } catch {
      peer.send({ id }, () => {})
    }
  })
}

/** A card that the other process serves; gone with it. */
export function cardOf(peer: Peer, card: number): Channel {
  const open = new Map<number, (answer: Answer | undefined) => void>()
  let last = 0
  let gone = false
  peer.on('message', (answer: Answer) => {
    open.get(answer.id)?.(answer)
    open.delete(answer.id)
  })
  peer.on('disconnect', () => {
    gone = true
    for (const end of open.values()) end(undefined)
  })
  const ask = async (commands: readonly Uint8Array[] | undefined) => {
    const id = ++last * 16 + card
    const { promise, resolve } = Promise.withResolvers<Answer | undefined>()
    open.set(id, resolve)
    if (gone) resolve(undefined)
    else peer.send({ id, card, ...(commands && { commands }) }, () => {})
    const answer = await promise
    if (answer?.responses === undefined) throw new ChannelError('REMOVED', 'the other process is gone')
    return answer.responses.map(response => new Uint8Array(response))
  }
  return {
    atr: new Uint8Array(),
    transmit: commands => ask(commands),
    reset: async () => (await ask(undefined))[0]!,
    close: async () => {},
  }
}
