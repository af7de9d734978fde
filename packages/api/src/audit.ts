/** The audit log: what was asked and what came of it, and what happened, in a chain. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { Name, PageQuery, pageOf, Time } from './values.ts'

const Text = z.string().min(1).max(128)
const Count = z.int().min(0)
const RecordNumber = z.coerce.number().int().min(0)

const AuditedRequest = z.strictObject({
  /** As in the answer's X-Request-Id. */
  id: z.string(),
  /** As the contract names it; absent if there is none of that kind. */
  operation: z.string().optional(),
  /** Method and path. */
  asked: z.string(),
  /** The id of the principal, and what it was called; absent if nobody known. */
  principal: z.string().optional(),
  name: z.string().optional(),
  /** What was shown to log in, as `token web/first`. */
  credential: z.string().optional(),
  address: z.string().optional(),
  /** SHA-256 of the body as it came, base64. */
  input: z.string().optional(),
  /** The keys that it used, and the devices that did it. */
  uses: z
    .array(
      z.strictObject({ verb: z.string(), key: z.string(), name: z.string(), version: z.int(), device: z.string() }),
    )
    .optional(),
  /** Parts of it that were refused while others were done. */
  refused: z
    .array(z.strictObject({ operation: z.string(), key: z.string().optional(), outcome: z.string() }))
    .optional(),
  /** So many requests like it before were passed over. */
  repeated: z.int().optional(),
  status: z.int(),
  /** `OK`, or the code of the error that was answered. */
  outcome: z.string(),
})

const AuditedEvent = z.strictObject({
  id: z.int(),
  type: z.string(),
  /** The id of what it happened to. */
  subject: z.string(),
  /** The id of the principal who did it; absent: the service by itself. */
  actor: z.string().optional(),
  data: z.record(z.string(), z.unknown()),
})

/** It has either a request or an event. */
export const AuditRecord = z.strictObject({
  /** How many records are before it. */
  seq: Count,
  at: Time,
  request: AuditedRequest.optional(),
  event: AuditedEvent.optional(),
})
export type AuditRecord = z.infer<typeof AuditRecord>

const AuditSettings = z.strictObject({
  /** The name of a key; absent: the service alone signs. */
  checkpointKey: z.string().optional(),
  /** Absent: for ever. */
  retentionDays: z.int().optional(),
  /** How many records there have been. */
  size: Count,
  /** The number of the first one that is kept. */
  first: Count,
})

const roles = ['auditor', 'administrator', 'root'] as const

export const auditOperations = {
  listAudit: operation({
    method: 'GET',
    path: '/audit',
    summary: 'What was asked and what came of it, and what happened: the latest first',
    description: 'Of the tenant of who asks; root is shown what is of no tenant.',
    roles,
    rate: 'read',
    query: PageQuery.extend({
      /** The id of a principal. */
      actor: Text.optional(),
      /** As the contract names it, or the type of an event. */
      operation: Text.optional(),
      outcome: Text.optional(),
      /** The id of a request. */
      request: Text.optional(),
      since: Time.optional(),
      until: Time.optional(),
    }),
    answer: pageOf(AuditRecord),
    paged: true,
  }),
  getAuditCheckpoint: operation({
    method: 'GET',
    path: '/audit/checkpoint',
    summary: 'How many records there are and the root of the tree over them, signed',
    description: 'Keep it somewhere else: whoever has it notices when the log is not what it was.',
    roles,
    rate: 'read',
    state: 'unsealed',
    answer: z.strictObject({
      /** The name of the log. */
      origin: z.string(),
      size: Count,
      /** A signed note (C2SP tlog-checkpoint). */
      checkpoint: z.string(),
      /** With which it is verified, each in one line. */
      keys: z.array(z.string()),
    }),
  }),
  beginAuditExport: operation({
    method: 'GET',
    path: '/audit/export',
    summary: 'The first line of an export, and which records are to follow',
    description:
      'Then the lines of these come from `/audit/lines`. Without `from`, from the first record that is kept.',
    roles,
    rate: 'read',
    state: 'unsealed',
    query: z.strictObject({ from: RecordNumber.optional() }),
    answer: z.strictObject({ header: z.string(), from: Count, to: Count }),
  }),
  readAuditLines: operation({
    method: 'GET',
    path: '/audit/lines',
    summary:
      'The lines of an export behind its first one: records from one number up to before another, and checkpoints',
    roles,
    rate: 'read',
    query: PageQuery.extend({
      from: RecordNumber.default(0),
      to: RecordNumber,
      limit: z.coerce.number().int().min(1).max(5_000).default(1_000),
    }),
    answer: pageOf(z.string()),
    paged: true,
  }),
  getAuditSettings: operation({
    method: 'GET',
    path: '/audit/settings',
    summary: 'Which key signs checkpoints beside the service, and for how long records are kept',
    roles,
    rate: 'read',
    answer: AuditSettings,
  }),
  changeAuditSettings: operation({
    method: 'PATCH',
    path: '/audit/settings',
    summary: 'Changes which key signs checkpoints, and for how long records are kept',
    description: 'What is older is deleted; checkpoints over it and over what is kept can still be verified.',
    roles: ['administrator', 'root'],
    rate: 'write',
    body: z.strictObject({
      /** By name or id, of the curve P-256; null: the service alone signs. */
      checkpointKey: Name.nullable().optional(),
      /** In days; null: for ever. */
      retentionDays: z.int().min(1).max(36_500).nullable().optional(),
    }),
    answer: AuditSettings,
  }),
}
