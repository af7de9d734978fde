/** Keys. */
import { createPublicKey, X509Certificate } from 'node:crypto'
import type { AnswerInput, keyOperations } from '@keytether/api'
import type { Caller, CataloguedKey, Hsm, KeyVersion } from '@keytether/hsm'
import { attested, HsmError, isExportable } from '@keytether/hsm'
import type { Handlers } from './handler.ts'
import { isoTime, maybeTime } from './times.ts'

type Operations = typeof keyOperations
type Answer = AnswerInput<Operations['getKey']>

const dayMs = 24 * 3_600_000

export const keyHandlers: Handlers<Operations> = {
  async listKeys(hsm, { caller, query: { cursor, limit, prefix = '', group, kind, state, tag } }) {
    const groupId = group === undefined ? undefined : (await hsm.groups.find(caller, group)).id
    const found = hsm.keys
      .list(caller)
      .filter(
        ({ key, tags }) =>
          key.name.startsWith(prefix) &&
          (kind === undefined || key.kind === kind) &&
          (tag === undefined || tags.includes(tag)),
      )
      .filter(each => groupId === undefined || each.key.group_id === groupId)
      .filter(each => state === undefined || stateOf(each) === state)
      .filter(({ key }) => cursor === undefined || key.name > cursor)
    const items = found.slice(0, limit)
    const next = found.length > limit ? { next: items.at(-1)!.key.name } : {}
    const names = await groupNames(hsm, caller)
    return { items: items.map(each => described(hsm, each, names)), ...next }
  },

  async createKey(hsm, { caller, body, signal }) {
    const { kind, waitSeconds, rotateAfterDays, ...rest } = body
    const type = body.kind === 'EC' ? { kind: body.kind, curve: body.curve } : { kind: body.kind, bits: body.bits }
    const request = { ...rest, type, ...rotation(rotateAfterDays) }
    return answer(hsm, caller, await hsm.keys.create(caller, request, within(signal, waitSeconds)))
  },

  async importKey(hsm, { caller, body: { waitSeconds, rotateAfterDays, wrapped, ...rest }, signal }) {
    const request = { ...rest, wrapped: new Uint8Array(Buffer.from(wrapped, 'base64')), ...rotation(rotateAfterDays) }
    return answer(hsm, caller, await hsm.keys.import(caller, request, within(signal, waitSeconds)))
  },

  async adoptKeys(hsm, { caller, body: { waitSeconds, rotateAfterDays, ...rest }, signal }) {
    const request = { ...rest, ...rotation(rotateAfterDays) }
    return answer(hsm, caller, await hsm.keys.adopt(caller, request, within(signal, waitSeconds)))
  },

  getKey: async (hsm, { caller, params }) => answer(hsm, caller, hsm.keys.get(caller, params.key)),

  async updateKey(hsm, { caller, params, body: { rotateAfterDays, ...rest }, ifMatch }) {
    const update = { ...rest, ...(rotateAfterDays === null ? { rotateAfter: null } : rotation(rotateAfterDays)) }
    return answer(hsm, caller, await hsm.keys.update(caller, params.key, update, ifMatch))
  },

  async rotateKey(hsm, { caller, params, body: { activate, waitSeconds }, signal, ifMatch }) {
    const request = { activate, ifMatch }
    return answer(hsm, caller, await hsm.keys.rotate(caller, params.key, request, within(signal, waitSeconds)))
  },

  activateKey: async (hsm, { caller, params, body, ifMatch }) =>
    answer(hsm, caller, await hsm.keys.change(caller, params.key, 'activate', { ...body, ifMatch })),

  suspendKey: async (hsm, { caller, params, body, ifMatch }) =>
    answer(hsm, caller, await hsm.keys.change(caller, params.key, 'suspend', { ...body, ifMatch })),

  deactivateKey: async (hsm, { caller, params, body, ifMatch }) =>
    answer(hsm, caller, await hsm.keys.change(caller, params.key, 'deactivate', { ...body, ifMatch })),

  async destroyKey(hsm, { caller, params, body: { restorableDays, ...rest }, ifMatch }) {
    const request = { ...rest, restorableMs: restorableDays * dayMs, ifMatch }
    return answer(hsm, caller, await hsm.keys.change(caller, params.key, 'destroy', request))
  },

  restoreKey: async (hsm, { caller, params, body, ifMatch }) =>
    answer(hsm, caller, await hsm.keys.change(caller, params.key, 'restore', { ...body, ifMatch })),

  async requestCertificate({ keys }, { caller, params, body: { subject, ...rest }, signal }) {
    const content = { ...rest, subject: subject.map(({ type, value }) => [type, value] as const) }
    const { version, request } = await keys.certificationRequest(caller, params.key, content, signal)
    return { version, request: pem('CERTIFICATE REQUEST', request) }
  },

  async putCertificate(hsm, { caller, params, body: { version, certificate }, signal }) {
    const der = derOf(certificate)
    const stored = await hsm.keys.storeCertificate(caller, params.key, { version, certificate: der }, signal)
    const { key } = hsm.keys.get(caller, params.key)
    return { version: stored.version, devices: deviceNames(hsm, key.group_id, stored.devices) }
  },

  getCertificate({ keys }, { caller, params, query }) {
    const { version, certificate } = keys.version(caller, params.key, query.version)
    if (certificate === null)
      throw new HsmError('NOT_FOUND', `no certificate is stored of version ${version} of key ${params.key}`)
    return { version, certificate: pem('CERTIFICATE', certificate) }
  },

  async getAttestation({ keys }, { caller, params, query }) {
    const { version } = keys.version(caller, params.key, query.version)
    const bytes = await keys.attestation(caller, params.key, version)
    const { key } = keys.get(caller, params.key)
    const { device, told } = attested(bytes)
    const exportable = isExportable(JSON.parse(key.algorithms)) && told.keyDomain !== undefined
    return { version, device, exportable, statement: statement(exportable), attestation: Buffer.from(bytes).toString() }
  },
}

function statement(exportable: boolean): string {
  const made = 'The device has signed that it made this key pair.'
  const copies = 'It can leave the device, encrypted under its key domain, for devices that have the same key domain'
  const stays = 'It was made never to leave the device'
  return `${made} ${exportable ? copies : stays}: the device told so and did not sign it.`
}

function within(signal: AbortSignal, seconds: number): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(seconds * 1_000)])
}

function rotation(days: number | undefined): { readonly rotateAfter?: number } {
  return days === undefined ? {} : { rotateAfter: days * dayMs }
}

async function groupNames({ groups }: Hsm, caller: Caller): Promise<ReadonlyMap<string, string>> {
  return new Map((await groups.list(caller)).map(({ id, name }) => [id, name]))
}

async function answer(hsm: Hsm, caller: Caller, found: CataloguedKey): Promise<Answer> {
  return described(hsm, found, await groupNames(hsm, caller))
}

function described(hsm: Hsm, found: CataloguedKey, groups: ReadonlyMap<string, string>): Answer {
  const { key, tags, versions } = found
  const { id, name, kind, parameter, durability, use_counter, rotate_after, primary_version, created_at, revision } =
    key
  const algorithms = JSON.parse(key.algorithms) as string[]
  return {
    ...{ id, name, group: groups.get(key.group_id) ?? key.group_id, kind },
    ...(kind === 'EC' ? { curve: parameter } : { bits: Number(parameter) }),
    ...{ algorithms, exportable: isExportable(algorithms), tags: [...tags], durability },
    ...(use_counter !== null && { useCounter: use_counter }),
    ...(rotate_after !== null && { rotateAfterDays: Math.round(rotate_after / dayMs) }),
    ...(primary_version > 0 && { primary: primary_version }),
    state: stateOf(found),
    versions: versions.map(version => describedVersion(hsm, key.group_id, found, version)),
    ...{ createdAt: isoTime(created_at), revision },
  }
}

function describedVersion(
  hsm: Hsm,
  group: string,
  found: CataloguedKey,
  version: KeyVersion,
): Answer['versions'][number] {
  const { uses, lastAt } = hsm.keys.uses.pending(version.id)
  const reason = version.reason ?? hsm.keys.obstacleTo(version.id)
  return {
    ...{ version: version.version, state: shownState(version), stateSince: isoTime(version.state_since) },
    ...(reason !== undefined && { reason }),
    label: version.label,
    ...(version.card_key_id !== null && { cardKeyId: version.card_key_id }),
    ...(version.public_key !== null && { publicKey: publicPem(version.public_key) }),
    ...(version.key_domain !== null && { keyDomain: version.key_domain }),
    certificate: version.certificate !== null,
    devices: deviceNames(hsm, group, hsm.keys.holders(found, version)),
    ...(version.state === 'destroyed' && maybeTime('restorableUntil', version.destroy_at)),
    uses: version.uses + uses,
    ...maybeTime('lastUsedAt', lastAt ?? version.last_used_at),
    createdAt: isoTime(version.created_at),
  }
}

function stateOf({ key, versions }: CataloguedKey): Answer['state'] {
  const version = versions.find(each => each.version === key.primary_version) ?? versions.at(-1)
  return version === undefined ? 'erased' : shownState(version)
}

function shownState({ state, destroy_at }: KeyVersion): Answer['state'] {
  return state === 'destroyed' && destroy_at === null ? 'erased' : state
}

function deviceNames({ groups }: Hsm, group: string, paths: readonly string[]): string[] {
  return groups
    .members(group)
    .filter(({ path }) => paths.includes(path))
    .map(({ name }) => name)
}

function publicPem(spki: Uint8Array): string {
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  return key.export({ format: 'pem', type: 'spki' }) as string
}

function pem(what: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${what}-----\n${lines.join('\n')}\n-----END ${what}-----\n`
}

function derOf(certificate: string): Uint8Array {
  try {
    return new Uint8Array(new X509Certificate(certificate).raw)
  } catch (cause) {
    throw new HsmError('INVALID', 'wanted an X.509 certificate in PEM', { cause })
  }
}
