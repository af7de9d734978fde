/** How a key is, for people. */
import { styleText } from 'node:util'
import type { Key } from '@keytether/api'
import { fields, printable, table } from '../../output.ts'

type Version = Key['versions'][number]

export function keyType({ kind, curve, bits }: Pick<Key, 'kind' | 'curve' | 'bits'>): string {
  return `${kind} ${curve ?? bits}`
}

const colours: Readonly<Record<Key['state'], Parameters<typeof styleText>[0]>> = {
  creating: 'yellow',
  'pre-active': 'yellow',
  active: 'green',
  suspended: 'yellow',
  deactivated: 'dim',
  destroyed: 'red',
  erased: 'red',
}

function stateWords(state: Key['state']): string {
  return styleText(colours[state], state)
}

/** What was done to it, in a line. */
export function keyLine(key: Key): string {
  const newest = key.versions.at(-1)
  const version = newest && newest.version > 1 ? `, version ${newest.version}` : ''
  const devices = newest?.devices.map(printable).join(' and ') || 'no token that is ready'
  return `${printable(key.name)}: ${keyType(key)}${version}, ${key.state}, durability ${key.durability}, on ${devices}`
}

export function keyLines(key: Key): string[] {
  const { name, id, group, algorithms, exportable, tags, durability, useCounter, rotateAfterDays, primary } = key
  return [
    ...fields([
      ['Key', `${printable(name)} (${id})`],
      ['Type', keyType(key)],
      ['State', stateWords(key.state)],
      ['Group', printable(group)],
      ['For', algorithms.length === 0 ? 'everything that keys of its type can do' : algorithms.join(', ')],
      ['Export', exportable ? 'encrypted under its key domain' : 'never: it stays on one token'],
      ['Durability', `${durability}: a version is told of when as many tokens hold it`],
      ['Tags', tags.length === 0 ? undefined : printable(tags.join(', '))],
      ['Uses', useCounter === undefined ? undefined : `at most ${useCounter} of each version`],
      ['Rotation', rotateAfterDays === undefined ? undefined : `every ${rotateAfterDays} days`],
      ['Primary', primary === undefined ? 'none yet' : `version ${primary}`],
    ]),
    '',
    ...table(['VERSION', 'STATE', 'SINCE', 'USES', 'CARD KEY ID', 'TOKENS', 'REMARK'], key.versions.map(versionCells)),
  ]
}

function versionCells({ version, state, stateSince, uses, cardKeyId = '', devices, ...rest }: Version): string[] {
  const { reason, restorableUntil } = rest
  const remark = [reason, restorableUntil && `can be restored until ${restorableUntil.slice(0, 16)}Z`]
  return [
    ...[String(version), state, `${stateSince.slice(0, 16)}Z`, String(uses), cardKeyId.slice(0, 8)],
    ...[printable(devices.join(', ')), printable(remark.filter(Boolean).join('; '))],
  ]
}
