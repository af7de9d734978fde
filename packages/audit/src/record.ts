/** One thing that was asked of the service, or that happened in it, as it is kept: a line of JSON, chained to the one before. */
import { mapped, type TypeOf } from '@keytether/codec'
import { anyJson, count, hash, jsonLine, listOf, members, nullable, optional, pattern, text } from './json-line.ts'

/** A key that was used, and where. */
const KeyUse = members({
  /** As `sign`. */
  verb: text,
  /** The id of the key, and what it was called then; of one that had no name, PKCS #15 iD and label. */
  key: text,
  name: text,
  /** 0: of a key that had no name. */
  version: count,
  /** The device that used it: certified path with dots. */
  device: text,
})

const RefusedPart = members({
  /** As the contract names it. */
  operation: text,
  /** As the caller named it. */
  key: optional(text),
  /** The code of the error. */
  outcome: text,
})

/** What somebody asked, and what came of it; also if it was refused. */
const Request = members({
  /** As in the answer's X-Request-Id. */
  id: text,
  /** As the contract names it; absent if there is none of that kind. */
  operation: optional(text),
  /** Method and path as asked, without the query. */
  asked: text,
  /** Who asked: the principal's id, and what it was called then. Absent if nobody known. */
  principal: optional(text),
  name: optional(text),
  /** What was shown to log in, as `token web/first`. */
  credential: optional(text),
  /** Where it came from. */
  address: optional(text),
  /** SHA-256 of the body as it came. Absent if there was none. */
  input: optional(hash),
  /** In the order in which they ended. */
  uses: optional(listOf(KeyUse)),
  /** Parts of it that were refused while others were done, in the order in which they ended. */
  refused: optional(listOf(RefusedPart)),
  /** Requests like it since the last one that is on record: so many were passed over. */
  repeated: optional(count),
  /** Of HTTP. */
  status: count,
  /**
   * `OK`, or the code of the error that was answered. What is answered as it comes is on record twice: `STARTED`, and `OK` or
   * `BROKEN_OFF`.
   */
  outcome: text,
})

/** What happened: a change that was made, by whom, or by the service itself. */
const Event = members({
  /** As events are numbered. */
  id: count,
  /** As `key.created`. */
  type: text,
  /** The id of what it happened to. */
  subject: text,
  /** The id of the principal who did it; absent: the service by itself. */
  actor: optional(text),
  data: anyJson,
})

const Record = jsonLine(
  members({
    /** The number of records before it: its place in the tree. */
    seq: count,
    /** The id of the tenant whose chain it is in; none: the service's own. */
    tenant: nullable(text),
    /** The hash of the record before. */
    prev: hash,
    at: pattern(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'a time as 2026-01-31T12:00:00.000Z'),
    request: optional(Request),
    event: optional(Event),
  }),
)

/** A line without its end. It tells either of a request or of an event. */
export const AuditRecord: typeof Record = mapped(Record, {
  write(record) {
    if (!tellsOfOne(record)) throw new RangeError(wanted)
    return record
  },
  read: (record, input) => (tellsOfOne(record) ? record : input.fail('VALUE', wanted, 0)),
})
export type AuditRecord = TypeOf<typeof AuditRecord>

export type AuditedRequest = NonNullable<AuditRecord['request']>
export type AuditedEvent = NonNullable<AuditRecord['event']>

/** What is to be recorded: all but its place in the chain. */
export type AuditEntry = Pick<AuditRecord, 'at' | 'request' | 'event'>

const wanted = 'wanted either a request or an event'

function tellsOfOne({ request, event }: TypeOf<typeof Record>): boolean {
  return (request === undefined) !== (event === undefined)
}
