/** Use of a version of a key on whichever member of its group has it. */
import type { KeyInfo, SmartCardHsm } from '@keytether/driver'
import { DriverError } from '@keytether/driver'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { Keys } from '../keys/keys.ts'
import type { UsableKey } from '../keys/usable.ts'
import { currentRequest } from '../requests/context.ts'

export interface KeyUse<T> {
  /** As `sign`, for errors and for what its time is learned for. */
  readonly verb: string
  /** One command. Default true. */
  readonly single?: boolean
  run(card: SmartCardHsm, info: KeyInfo): Promise<T>
  /** Whether the answer is right, as far as can be known. Default: it is believed. */
  right?(answer: T): boolean
}

export interface MemberAnswer<T> {
  readonly answer: T
  /** Certified path of the member that gave it. */
  readonly device: string
}

/** How many members that answer wrongly are passed over. */
const patience = 3

/**
 * What a member answers wrongly is never handed out: that is recorded, and another member is asked.
 *
 * @throws HsmError NO_DEVICE, BUSY, TIMEOUT, KEY_NOT_USABLE; INVALID if the card says that what it was given is wrong
 */
export async function useOnMember<T>(
  { pools, history, store, keys }: Pick<Foundation, 'pools' | 'history' | 'store'> & { readonly keys: Keys },
  { key, version, instances }: UsableKey,
  { verb, single = true, run, right = () => true }: KeyUse<T>,
  signal: AbortSignal,
): Promise<MemberAnswer<T>> {
  const on = new Set(instances.keys())
  const kind = `${verb} ${key.kind} ${key.parameter}`
  for (let wrong = 0; wrong < patience && on.size > 0; wrong++) {
    const asked = performance.now()
    const { answer, device, began } = await pools
      .of(key.group_id)
      .run(
        {
          kind,
          key: `${key.name} v${version.version}`,
          on: new Set(on),
          repeatable: true,
          single,
          async run(card, { id }) {
            keys.mustNotBeWithdrawn({ key, version })
            const began = performance.now()
            return { answer: await run(card, instances.get(id!)!), device: id!, began }
          },
        },
        signal,
      )
      .catch(error => {
        throw sayingWhatIsWrong(error, verb, key.name)
      })
    keys.uses.add(version.id)
    const times = { waitedMs: began - asked, workedMs: performance.now() - began }
    currentRequest()?.uses.push({ verb, key: key.id, keyName: key.name, version: version.version, device, ...times })
    if (right(answer)) return { answer, device }
    on.delete(device)
    await recordWrongAnswer({ history, store }, { key, version }, verb, device)
  }
  throw new HsmError(
    'NO_DEVICE',
    `key ${key.name}: what the members that were asked to ${verb} answered is wrong, and nothing of it was handed out`,
  )
}

export async function recordWrongAnswer(
  foundation: Pick<Foundation, 'history' | 'store'>,
  { key, version }: Pick<UsableKey, 'key' | 'version'>,
  verb: string,
  path: string,
): Promise<void> {
  const data = { key: key.id, version: version.version, verb }
  await recordFault(foundation, { tenant: key.tenant_id, type: 'device.wrong-answer', path, data })
}

interface Fault {
  readonly tenant: string
  readonly type: 'device.wrong-answer' | 'device.not-random'
  /** Certified path of the device. */
  readonly path: string
  readonly data: Readonly<Record<string, unknown>>
}

/** For the history of the device. */
export async function recordFault(
  { history, store }: Pick<Foundation, 'history' | 'store'>,
  { tenant, type, path, data }: Fault,
): Promise<void> {
  const device = await store.db.selectFrom('devices').select('id').where('path', '=', path).executeTakeFirst()
  await history.record({ tenant, type, subject: device?.id ?? path, data: { path, ...data } })
}

/** That the input is wrong is the caller's affair, not one of the device or the key. */
function sayingWhatIsWrong(error: unknown, verb: string, key: string): unknown {
  const cause = error instanceof HsmError ? error.cause : undefined
  if (!(cause instanceof DriverError) || cause.code !== 'WRONG_DATA') return error
  return new HsmError('INVALID', `${verb}: this was not made for key ${key}, or not in this way`, { cause })
}
