/** What came of a test, for people. */
import { styleText } from 'node:util'
import type { GroupTest } from '@keytether/api'
import { fields, printable, table } from '../../output.ts'

type Check = GroupTest['checks'][number]

const deviceTests = ['connect', 'genuine', 'log-in', 'random', 'key-domain'] as const
const keyTests = ['there', 'same', 'sign', 'decrypt', 'agree', 'encrypt'] as const
const colours = { passed: 'green', degraded: 'yellow', failed: 'red' } as const

export function testLines({ id, name, state, problems, ms, checks, keys }: GroupTest): string[] {
  const result = [`${styleText(colours[state], state)} in ${(ms / 1_000).toFixed(1)} s`, ...problems.map(printable)]
  const [ofKeys, ofTokens] = [checks.filter(isOfKey), checks.filter(check => !isOfKey(check))]
  return [
    ...fields([
      ['Group', `${printable(name)} (${id})`],
      ['Result', result.join('\n')],
    ]),
    '',
    ...results(['TOKEN'], deviceTests, ofTokens, ({ device }) => [printable(device)]),
    ...(keys.length === 0
      ? []
      : [
          '',
          ...results(['KEY', 'TOKEN'], keyTests, ofKeys, ({ device, key, version }) => [
            ...[`${printable(key!)} v${version}`, printable(device)],
          ]),
          '',
          ...table(
            ['KEY', 'CONSISTENT', 'WORKS ON'],
            keys.map(({ key, version, consistent, works }) => [
              ...[
                `${printable(key)} v${version}`,
                consistent ? 'yes' : 'NO',
                `${works} token${works === 1 ? '' : 's'}`,
              ],
            ]),
          ),
        ]),
  ]
}

/** A row for each thing that was tested, a column for each test. */
function results(
  head: readonly string[],
  tests: readonly Check['test'][],
  checks: readonly Check[],
  names: (check: Check) => readonly string[],
): string[] {
  const rows = Map.groupBy(checks, check => JSON.stringify(names(check)))
  return table(
    [...head, ...tests.map(test => test.toUpperCase())],
    [...rows.values()].map(row => [
      ...names(row[0]!),
      ...tests.map(test => cell(row.find(check => check.test === test))),
    ]),
  )
}

function cell(check: Check | undefined): string {
  if (check === undefined) return ''
  if (check.outcome === 'skipped') return '-'
  const time = check.ms === undefined ? '' : ` ${Math.round(check.ms)} ms`
  return check.outcome === 'passed' ? `ok${time}` : 'FAILED'
}

function isOfKey({ key }: Check): boolean {
  return key !== undefined
}
