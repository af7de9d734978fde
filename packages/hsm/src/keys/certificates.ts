/** X.509 certificates beside keys: in the store, on every member that holds the key, and in what new members get. */
import { WrappedKeyFile } from '@keytether/card'
import { decode, encode, equal } from '@keytether/codec'
import { DriverError, type KeyInfo } from '@keytether/driver'
import { HsmError } from '../errors.ts'
import type { Foundation } from '../foundation.ts'
import type { Caller } from '../principals/caller.ts'
import type { DeviceSession } from '../sessions/device-session.ts'
import { attempt } from './attempt.ts'
import type { Catalogue, CataloguedKey, VersionRow } from './catalogue.ts'
import { publicKeyOfX509 } from './import.ts'
import { instancesOf } from './usable.ts'

interface Parts extends Foundation {
  readonly catalogue: Catalogue
}

export interface StoredCertificate {
  readonly version: number
  /** Devices that have it now, by their certified paths; the others get it when they are there. */
  readonly devices: readonly string[]
}

/** @throws HsmError INVALID: it is of another key */
export async function storeCertificate(
  parts: Parts,
  caller: Caller,
  { key }: CataloguedKey,
  version: VersionRow,
  certificate: Uint8Array,
  signal: AbortSignal,
): Promise<StoredCertificate> {
  const { history, catalogue, devices, pools } = parts
  const publicKey = publicKeyOfX509(certificate)
  if (version.public_key === null || !equal(new Uint8Array(version.public_key), publicKey)) {
    throw new HsmError('INVALID', `the certificate is of another key than version ${version.version} of ${key.name}`)
  }
  await history.write(async db => {
    const { wrapped } = await db
      .selectFrom('key_versions')
      .select('wrapped')
      .where('id', '=', version.id)
      .executeTakeFirstOrThrow()
    const copy = wrapped && encode(WrappedKeyFile, { ...decode(WrappedKeyFile, new Uint8Array(wrapped)), certificate })
    await db.updateTable('key_versions').set({ certificate, wrapped: copy }).where('id', '=', version.id).execute()
    await db
      .updateTable('keys')
      .set(row => ({ revision: row('revision', '+', 1) }))
      .where('id', '=', key.id)
      .execute()
    const data = { name: key.name, version: version.version }
    const happening = { tenant: key.tenant_id, type: 'key.certified', subject: key.id, actor: caller.principal, data }
    return { value: undefined, happened: [happening] }
  })
  await catalogue.load(key.id)
  const done: string[] = []
  for (const [path, info] of instancesOf(pools, key, version)) {
    const device = devices.hsms().find(({ id }) => id === path)
    if (device && (await isWritten(parts, device, info, certificate, signal))) done.push(path)
  }
  return { version: version.version, devices: done }
}

/** Brings a device that has been away up to date. */
export async function bringCertificates(parts: Parts, device: DeviceSession, signal: AbortSignal): Promise<void> {
  const { catalogue, pools } = parts
  for (const { key, versions } of catalogue.all()) {
    for (const version of versions) {
      if (version.certificate === null) continue
      const certificate = new Uint8Array(version.certificate)
      const info = instancesOf(pools, key, version).get(device.id!)
      if (info && !has(info, certificate)) await isWritten(parts, device, info, certificate, signal)
    }
  }
}

function has({ certificate, certificateKind }: KeyInfo, wanted: Uint8Array): boolean {
  return certificateKind === 'x509' && certificate !== undefined && equal(certificate, wanted)
}

/** @returns false: the device was lost, or does not take it */
async function isWritten(
  { pools }: Parts,
  device: DeviceSession,
  info: KeyInfo,
  certificate: Uint8Array,
  signal: AbortSignal,
): Promise<boolean> {
  const { reference } = info
  try {
    return await pools.alone(device).run(
      {
        ...{ kind: 'write certificate', repeatable: true, single: false },
        async run(card) {
          const written = await attempt(() => card.writeCertificate(reference, certificate))
          if (written instanceof DriverError) return false
          if (!equal(await card.readCertificate(reference), certificate)) return false
          device.noteKey({ ...info, certificate, certificateKind: 'x509' })
          return true
        },
      },
      signal,
    )
  } catch (error) {
    if (error instanceof HsmError) return false
    throw error
  }
}
