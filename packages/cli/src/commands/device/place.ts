/** What a device is called, and when it is asked. */
import { type Command, InvalidArgumentError } from 'commander'

export interface PlaceOptions {
  readonly name?: string
  readonly priority?: number
  readonly standby?: boolean
}

export function placeOptions(command: Command): Command {
  return command
    .option('--name <name>', 'What to call it; default: the last part of its path')
    .option('--priority <number>', 'Members of the lowest number are asked first; default 0', priority)
    .option('--standby', 'Only asked where no other member can')
}

export function placeOf({ name, priority, standby }: PlaceOptions) {
  return {
    ...(name !== undefined && { name }),
    ...(priority !== undefined && { priority }),
    ...(standby !== undefined && { standby }),
  }
}

function priority(text: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value <= 1000) return value
  throw new InvalidArgumentError('Wanted 0 to 1000.')
}
