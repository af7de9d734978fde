/** Test HSM: whether the devices of a group and the keys on them do what they should. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { Time } from './values.ts'

const Outcome = z.strictObject({
  /** Name of the device. */
  device: z.string(),
  /** Absent: it is the device that was tested. */
  key: z.string().optional(),
  version: z.int().optional(),
  /**
   * Of a device: `connect` it is there · `genuine` its chip has the key of its certificate · `log-in` · `random` its random
   * bytes pass for such · `key-domain` it has that of the group. Of a key on it: `there` something has its name or id · `same` it
   * is that key, like on the other devices · and what its kind does.
   */
  test: z.enum([
    ...['connect', 'genuine', 'log-in', 'random', 'key-domain'],
    ...['there', 'same', 'sign', 'decrypt', 'agree', 'encrypt'],
  ] as const),
  /** `skipped`: it could not be tested, or is not to be. */
  outcome: z.enum(['passed', 'failed', 'skipped']),
  /** In words, unless it passed. */
  reason: z.string().optional(),
  /** How long the device took to answer, in milliseconds; absent: it was not asked. */
  ms: z.number().optional(),
})

const Progress = z.strictObject({
  /** How many of the tests are done. */
  done: z.int(),
  total: z.int(),
  check: Outcome,
})

export const GroupTest = z.strictObject({
  id: z.string(),
  /** Of the group. */
  name: z.string(),
  /** `degraded`: something failed, but every key does its work on some device. */
  state: z.enum(['passed', 'degraded', 'failed']),
  /** What failed, in words. */
  problems: z.array(z.string()),
  startedAt: Time,
  /** How long all of it took, in milliseconds. */
  ms: z.number(),
  checks: z.array(Outcome),
  keys: z.array(
    z.strictObject({
      key: z.string(),
      version: z.int(),
      /** It is on every device on which it is to be, and the same on all of them. */
      consistent: z.boolean(),
      reason: z.string().optional(),
      /** On how many devices everything that was tested of it passed. */
      works: z.int(),
    }),
  ),
})
export type GroupTest = z.infer<typeof GroupTest>

export const groupTestOperations = {
  testGroup: operation({
    method: 'POST',
    path: '/groups/{group}/test',
    summary: 'Test HSM: asks every device of the group, and uses every key on each of them',
    description:
      'With `Accept: text/event-stream`, each test comes as it is done, and then the answer as the event `answer`. No PIN is presented for it.',
    roles: ['administrator', 'manager', 'auditor', 'metrics'],
    rate: 'slow',
    answer: GroupTest,
    progress: Progress,
    repeatable: true,
  }),
}
