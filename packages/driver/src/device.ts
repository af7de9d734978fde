/** The device as such: its status, random numbers, its name. */
import { DeviceStatus as DeviceStatusCommand, fid, GetChallenge } from '@keytether/card'
import { concat } from '@keytether/codec'
import { describeToken } from './descriptions.ts'
import { DriverError } from './errors.ts'
import { deleteCall, writeCalls } from './files.ts'
import { type Call, call, type Link } from './link.ts'
import { expectOk } from './outcome.ts'
import type { DeviceStatus, Version } from './types.ts'

/** Cards before 2.4 have no such command. */
export async function deviceStatus(link: Link, { type }: Version): Promise<DeviceStatus> {
  const [outcome] = await link.run([call(DeviceStatusCommand, {}, undefined)])
  const { freeMemory, major, minor } = expectOk(outcome, 'device status')
  return { freeMemory, version: { type, major, minor } }
}

/** Random bytes that one command gives at most. */
const mostRandom = 1024

/** @throws RangeError for more than 64 KB, or none */
export async function random(link: Link, length: number): Promise<Uint8Array> {
  if (!Number.isInteger(length) || length < 1 || length > 0xffff) {
    throw new RangeError(`random bytes come 1 to 65535 at a time, got ${length}`)
  }
  const size = Math.min(mostRandom, link.maximumAnswer)
  const calls: Call<ReturnType<typeof GetChallenge.decodeResponse>>[] = []
  for (let left = length; left > 0; left -= size) {
    const le = Math.min(left, size)
    calls.push(call(GetChallenge, {}, undefined, { le, extended: le > link.maximumShortAnswer }))
  }
  const answers = (await link.run(calls)).map(outcome => expectOk(outcome, 'random bytes'))
  const bytes = concat(...answers)
  if (bytes.length !== length) throw new DriverError('MALFORMED', `wanted ${length} random bytes, got ${bytes.length}`)
  return bytes
}

/** Names the token. The user PIN must have been presented. */
export async function writeLabel(link: Link, label: string): Promise<void> {
  const [, ...written] = await link.run([
    deleteCall(fid.tokenInfo),
    ...writeCalls(link, fid.tokenInfo, describeToken(label)),
  ])
  for (const outcome of written) expectOk(outcome, 'write the label')
}
