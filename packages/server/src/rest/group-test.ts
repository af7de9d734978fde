/** Test HSM. */
import type { AnswerInput, groupTestOperations } from '@keytether/api'
import type { Check, GroupTest } from '@keytether/hsm'
import type { Handlers } from './handler.ts'
import { isoTime } from './times.ts'

type Operations = typeof groupTestOperations
type Answer = AnswerInput<Operations['testGroup']>

export const groupTestHandlers: Handlers<Operations> = {
  async testGroup({ diagnosis }, { caller, params, signal, progress }) {
    const onCheck = (check: Check, done: number, total: number) => progress({ done, total, check: checkAnswer(check) })
    return testAnswer(await diagnosis.test(caller, params.group, { signal, onCheck }))
  },
}

function testAnswer({ id, name, state, problems, startedAt, ms, checks, keys }: GroupTest): Answer {
  return {
    ...{ id, name, state, problems: [...problems], startedAt: isoTime(startedAt), ms: rounded(ms) },
    checks: checks.map(checkAnswer),
    keys: keys.map(({ version: { name, version }, ...rest }) => ({ key: name, version, ...rest })),
  }
}

function checkAnswer(check: Check): Answer['checks'][number] {
  const { member, test, outcome, reason, ms } = check
  return {
    device: member.name,
    ...('version' in check && { key: check.version.name, version: check.version.version }),
    ...{ test, outcome },
    ...(reason !== undefined && { reason }),
    ...(ms !== undefined && { ms: rounded(ms) }),
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10
}
