/** The audit log. */
import type { AnswerInput, auditOperations } from '@keytether/api'
import {
  beginExport,
  type ChainSettings,
  chainSettings,
  changeChainSettings,
  exportLines,
  listRecords,
} from '@keytether/hsm'
import type { Handlers } from './handler.ts'

type Listed = AnswerInput<(typeof auditOperations)['listAudit']>['items'][0]

export const auditHandlers: Handlers<typeof auditOperations> = {
  async listAudit(hsm, { caller, query: { since, until, cursor, limit, ...filter } }) {
    const times = { since: time(since), until: time(until) }
    const { items, ...rest } = await listRecords(hsm, caller, { ...filter, ...times }, { cursor, limit })
    return { items: items.map(({ prev: _, tenant: __, ...record }) => record as Listed), ...rest }
  },
  getAuditCheckpoint: async ({ checkpoints }, { caller }) => {
    const { keys, ...checkpoint } = await checkpoints.now(caller)
    return { ...checkpoint, keys: [...keys] }
  },
  async beginAuditExport(hsm, { caller, query: { from } }) {
    return await beginExport(hsm, caller, await hsm.checkpoints.now(caller), from)
  },
  async readAuditLines(hsm, { caller, query: { from, to, cursor, limit } }) {
    const { items, ...rest } = await exportLines(hsm, caller, { from, to }, { cursor, limit })
    return { items: [...items], ...rest }
  },
  getAuditSettings: async (hsm, { caller }) => settingsAnswer(await chainSettings(hsm, caller)),
  async changeAuditSettings(hsm, { caller, body: { checkpointKey, retentionDays: retention } }) {
    return settingsAnswer(await changeChainSettings(hsm, caller, { checkpointKey, retention }))
  },
}

function settingsAnswer({ checkpointKey, retention, size, first }: ChainSettings) {
  return {
    ...(checkpointKey !== null && { checkpointKey }),
    ...(retention !== null && { retentionDays: retention }),
    ...{ size, first },
  }
}

function time(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text)
}
