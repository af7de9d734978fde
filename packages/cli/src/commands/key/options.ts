/** Options that several commands for keys have. */
import { type Command, InvalidArgumentError } from 'commander'

export interface WaitOptions {
  readonly wait: number
}

export function waitOption(command: Command): Command {
  return command.option(
    '--wait <seconds>',
    'How long to wait until it is durable; the service goes on with it afterwards',
    whole(1, 590),
    120,
  )
}

export interface NewKeyOptions extends WaitOptions {
  readonly group: string
  readonly tag?: readonly string[]
  readonly durability?: number
  readonly rotateAfter?: number
}

export function newKeyOptions(command: Command): Command {
  command
    .requiredOption('--group <group>', 'Name or id of the group whose tokens are to hold it')
    .option(
      '--durability <count>',
      'How many tokens hold it before it is told of; default 2 where there are two',
      whole(1, 64),
    )
    .option('--tag <tag>', 'Only operators with one of its tags use it; once for each', collect)
    .option('--rotate-after <days>', 'The service makes the next version by itself', whole(1, 3_650))
  return waitOption(command)
}

/** As the service takes them. */
export function newKeySettings({ group, tag, durability, rotateAfter, wait }: NewKeyOptions) {
  return {
    ...{ group, waitSeconds: wait },
    ...(tag && { tags: [...tag] }),
    ...(durability !== undefined && { durability }),
    ...(rotateAfter !== undefined && { rotateAfterDays: rotateAfter }),
  }
}

export function whole(min: number, max: number): (text: string) => number {
  return text => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= min && value <= max) return value
    throw new InvalidArgumentError(`Wanted ${min} to ${max}.`)
  }
}

export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value]
}
