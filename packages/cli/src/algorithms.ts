/** What a key may be used for, by name. */
import type { KeyInfo } from '@keytether/driver'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { CliError } from './errors.ts'

export interface LimitOptions {
  readonly algorithm?: readonly string[]
  readonly exportable?: true
  readonly notExportable?: true
  readonly uses?: number
  readonly domain?: number
}

export function limitOptions(command: Command): Command {
  return command
    .option('--algorithm <names...>', 'What the key may be used for, such as ecdsa or aes-cmac; default everything')
    .addOption(
      new Option('--exportable', 'The key can leave the card, encrypted under its key domain').conflicts(
        'notExportable',
      ),
    )
    .option('--not-exportable', 'The key never leaves the card')
    .option('--uses <count>', 'How often the key may be used; default without end', whole(0xfffffffe))
    .option('--domain <index>', 'Key domain of the key', whole(0xff))
}

function whole(max: number): (text: string) => number {
  return text => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value <= max) return value
    throw new InvalidArgumentError(`Wanted 0 to ${max}.`)
  }
}

/** The name of each algorithm identifier: `ecdsa-sha256`. */
export async function algorithmNames(): Promise<ReadonlyMap<number, string>> {
  const { algorithm } = await import('@keytether/card')
  return new Map(
    Object.entries(algorithm).map(([name, id]) => [id, name.replace(/[A-Z]/g, upper => `-${upper}`.toLowerCase())]),
  )
}

export function nameOf(names: ReadonlyMap<number, string>, id: number): string {
  return names.get(id) ?? `0x${id.toString(16).toUpperCase()}`
}

/** A list of algorithms in words; none: everything that the key's type can do. */
export function algorithmWords(names: ReadonlyMap<number, string>, { algorithms, kind }: KeyInfo): string {
  if (algorithms.length === 0) return 'all'
  const named = algorithms.map(id => nameOf(names, id))
  const rest = unlessCopied(names, kind)
  const isRest = named.length === rest.length && rest.every(name => named.includes(name))
  return isRest ? 'all, but not to be copied' : named.join(', ')
}

const copying = ['wrap', 'unwrap', 'replace']

function unlessCopied(names: ReadonlyMap<number, string>, kind: KeyInfo['kind']): string[] {
  return [...names.values()].filter(name => suits(name, kind) && !copying.includes(name))
}

/** Which kind of key an algorithm is for, by its name; those that copy keys are for all. */
const kinds = { aes: 'AES', rsa: 'RSA', ec: 'EC' } as const satisfies Record<string, KeyInfo['kind']>

function suits(name: string, kind: KeyInfo['kind']): boolean {
  const [prefix] = Object.keys(kinds).filter(each => name.startsWith(each)) as (keyof typeof kinds)[]
  return prefix === undefined || kinds[prefix] === kind
}

/** The most that a card takes. */
const longestList = 16

/**
 * The list of algorithms that the options make for a key; none: everything is allowed.
 *
 * @throws CliError `usage` if they contradict each other or the kind of key
 */
export async function algorithmList(
  options: LimitOptions,
  kind: KeyInfo['kind'],
): Promise<readonly number[] | undefined> {
  const wanted = options.algorithm && new Set(options.algorithm.flatMap(each => each.split(',')))
  if (wanted === undefined && !options.notExportable) return undefined
  const names = await algorithmNames()
  const ids = new Map([...names].map(([id, name]) => [name, id]))
  const suitable = [...ids.keys()].filter(name => suits(name, kind))
  const list = wanted ?? new Set(unlessCopied(names, kind))
  for (const name of list) {
    if (suitable.includes(name)) continue
    const fault = ids.has(name) ? `${name} is not for ${kind} keys` : `there is no algorithm ${name}`
    throw new CliError('usage', fault, [`for ${kind} keys there is ${suitable.join(', ')}`])
  }
  if (options.exportable) list.add('wrap')
  if (options.notExportable && list.has('wrap')) {
    throw new CliError('usage', 'wrap lets a key leave the card, which --not-exportable excludes: give one of them')
  }
  if (list.size > longestList)
    throw new CliError('usage', `a card takes at most ${longestList} algorithms, got ${list.size}`)
  return [...list].map(name => ids.get(name)!)
}
