/** How a group is, for people. */
import { styleText } from 'node:util'
import type { GroupStatus } from '@keytether/api'
import { fields, printable, table } from '../../output.ts'

type Key = GroupStatus['keys'][number]

export function groupLines(group: GroupStatus): string[] {
  const { name, id, keyDomain, durability, members, keys } = group
  const operational = members.filter(member => member.operational).length
  return [
    ...fields([
      ['Group', `${printable(name)} (${id})`],
      ['State', stateWords(group)],
      [
        'Key domain',
        keyDomain ?? `none yet: ${members.length === 0 ? 'that of the first token that joins' : 'its token has none'}`,
      ],
      ['Tokens', `${operational} of ${members.length} ready`],
      ['Copies', `a new key can have ${durability}`],
      ['Keys', keyWords(keys)],
    ]),
    ...(members.length === 0 ? [] : ['', ...memberTable(group)]),
    ...(keys.length === 0 ? [] : ['', ...keyTable(keys)]),
  ]
}

function stateWords({ state, reasons }: GroupStatus): string {
  const colour = state === 'healthy' ? 'green' : state === 'empty' ? 'dim' : state === 'degraded' ? 'yellow' : 'red'
  return [styleText(colour, state), ...reasons.map(printable)].join('\n')
}

function keyWords(keys: readonly Key[]): string {
  const ok = keys.filter(({ consistency }) => consistency === 'ok').length
  return keys.length === ok ? `${ok}, all of them ok` : `${ok} of ${keys.length} ok`
}

function memberTable({ members }: GroupStatus): string[] {
  return table(
    ['TOKEN', 'OPERATIONAL', 'KEYS', 'ASKED', 'REASON'],
    members.map(({ device, operational, held, priority, standby, reason = '' }) => [
      ...[printable(device), operational ? 'yes' : 'no', String(held)],
      ...[standby ? 'standby' : `priority ${priority}`, printable(reason)],
    ]),
  )
}

function keyTable(keys: readonly Key[]): string[] {
  return table(
    ['KEY', 'STATE', 'COPIES', 'CONSISTENT', 'REASON'],
    keys.map(({ key, version, state, copies, consistency, wrapped, reason = '' }) => [
      ...[`${printable(key)} v${version}`, state, `${copies}${wrapped ? ' + wrapped' : ''}`],
      ...[consistency, printable(reason)],
    ]),
  )
}
