/** `keytether card random`. */
import { type Command, InvalidArgumentError } from 'commander'
import { type BytesOptions, bytesOptions, writeBytes } from '../../bytes-io.ts'
import { type CardOptions, cardOptions, withCard } from '../../card-access.ts'

export function random(card: Command): void {
  const command = card
    .command('random')
    .description("Random bytes from the card's generator")
    .argument('<count>', 'How many', count)
  bytesOptions(cardOptions(command), 'hex').action(async (length: number, options: CardOptions & BytesOptions) => {
    await withCard(options, async device => writeBytes(options, await device.random(length)))
  })
}

function count(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Wanted a number, at least 1.')
  return value
}
