/** What applications do with keys. */
import { type cryptographyOperations, isJoseName } from '@keytether/api'
import type { Hsm } from '@keytether/hsm'
import { RequestError } from '../errors.ts'
import { base64, fromBase64, fromBase64Url, gathered, maybeBytes } from './bytes.ts'
import type { Handlers } from './handler.ts'
import { isoTime, maybeTime } from './times.ts'

/** All but those that consist of others. */
type SingleOperations = Omit<typeof cryptographyOperations, 'batch'>

export const singleHandlers: Handlers<SingleOperations> = {
  async sign({ cryptography }, { caller, params, body, signal }) {
    const { algorithm, format, version } = body
    const options = { algorithm, ...(format && { format: format === 'jose' ? ('raw' as const) : format }) }
    const made = await cryptography.sign(caller, { key: params.key, version }, input(body), options, signal)
    const shown = format ?? (isJoseName(algorithm) ? 'jose' : made.format)
    const encoding = shown === 'jose' ? 'base64url' : 'base64'
    return { ...made, format: shown, signature: Buffer.from(made.signature).toString(encoding) }
  },
  verify({ cryptography }, { caller, params, body }) {
    const { algorithm, format, version } = body
    const jose = format === 'jose' || (format === undefined && isJoseName(algorithm))
    const signature = jose ? fromBase64Url(body.signature) : fromBase64(body.signature)
    const options = { algorithm, ...(jose ? { format: 'raw' as const } : format && { format }) }
    return cryptography.verify(caller, { key: params.key, version }, input(body), signature, options as object)
  },
  async decryptRsa({ cryptography }, { caller, params, body, signal }) {
    const { padding: kind, hash, label, version, ciphertext } = body
    const padding = kind === 'OAEP' ? { kind, hash, ...maybeBytes('label', label) } : { kind }
    const which = { key: params.key, version }
    const { plaintext, ...used } = await cryptography.decrypt(caller, which, fromBase64(ciphertext), padding, signal)
    return { plaintext: base64(plaintext), ...used }
  },
  async agree({ cryptography }, { caller, params, body: { publicKey, version }, signal }) {
    const which = { key: params.key, version }
    const { secret, ...used } = await cryptography.agree(caller, which, fromBase64(publicKey), signal)
    return { secret: base64(secret), ...used }
  },
  async derive({ cryptography }, { caller, params, body: { label, version }, signal }) {
    const which = { key: params.key, version }
    const { secret, ...used } = await cryptography.derive(caller, which, fromBase64(label), signal)
    return { secret: base64(secret), ...used }
  },
  async encryptCbc({ cryptography }, { caller, params, body, signal }) {
    const { plaintext, iv, padding, version } = body
    const options = { padding, ...maybeBytes('iv', iv) }
    const which = { key: params.key, version }
    const made = await cryptography.encryptCbc(caller, which, fromBase64(plaintext), options, signal)
    return { ...made, iv: base64(made.iv), ciphertext: base64(made.ciphertext) }
  },
  async decryptCbc({ cryptography }, { caller, params, body, signal }) {
    const options = { padding: body.padding, iv: fromBase64(body.iv) }
    const which = { key: params.key, version: body.version }
    const opened = await cryptography.decryptCbc(caller, which, fromBase64(body.ciphertext), options, signal)
    return { ...opened, plaintext: base64(opened.plaintext) }
  },
  async mac({ cryptography }, { caller, params, body: { message, version }, signal }) {
    const which = { key: params.key, version }
    const { mac, ...used } = await cryptography.mac(caller, which, fromBase64(message), signal)
    return { mac: base64(mac), ...used }
  },
  async openCms({ cryptography }, { caller, params, body: { cms, version }, signal }) {
    const which = { key: params.key, version }
    const { content, ...used } = await cryptography.openCms(caller, which, fromBase64(cms), signal)
    return { content: base64(content), ...used }
  },
  async encrypt({ cryptography }, { caller, body, signal }) {
    const { reference, associatedData } = body
    const options = { reference, ...maybeBytes('associatedData', associatedData) }
    const payload = [fromBase64(body.plaintext)]
    const sealed = await cryptography.envelopes.seal(caller, names(body), payload, options, signal)
    const { envelope, id, ...used } = sealed
    return { ciphertext: base64(await gathered(envelope)), dataKey: id, ...used }
  },
  async decrypt({ cryptography }, { caller, body, signal }) {
    const options = maybeBytes('associatedData', body.associatedData)
    const envelope = [fromBase64(body.ciphertext)]
    const opened = await cryptography.envelopes.open(caller, names(body), envelope, options, signal)
    const { payload, id, ...used } = opened
    return { plaintext: base64(await gathered(payload)), dataKey: id, ...used }
  },
  async rewrap({ cryptography }, { caller, body, signal }) {
    const before = fromBase64(body.ciphertext)
    const { bytes, id, from, to } = await cryptography.envelopes.rewrap(caller, names(body), before, signal)
    return { ciphertext: base64(bytes), dataKey: id, from, to }
  },
  async makeDataKey({ cryptography }, { caller, body, signal }) {
    const made = await cryptography.dataKeys.make(caller, names(body), body.reference, signal)
    return dataKeyAnswer(made, body.plaintext)
  },
  async openDataKey({ cryptography }, { caller, body, signal }) {
    const opened = await cryptography.dataKeys.openWritten(caller, names(body), fromBase64(body.wrapped), signal)
    return dataKeyAnswer(opened, true)
  },
  async random({ cryptography }, { caller, body: { length, group }, signal }) {
    return { random: base64(await cryptography.random(caller, length, group, signal)) }
  },
  async reportDataKeys({ cryptography }, { caller, params }) {
    const items = await cryptography.dataKeys.records.report(caller, params.key)
    return {
      items: items.map(({ oldest, lastUsed, ...item }) => ({
        ...item,
        ...maybeTime('oldest', oldest ?? null),
        ...maybeTime('lastUsed', lastUsed ?? null),
      })),
    }
  },
  async listDataKeys({ cryptography }, { caller, params, query: { cursor, limit } }) {
    const version = Number(params.version)
    if (!/^\d{1,9}$/.test(params.version))
      throw new RequestError('NOT_FOUND', `${params.version} is no number of a version`)
    const page = { after: cursor, limit: limit + 1 }
    const found = await cryptography.dataKeys.records.list(caller, params.key, version, page)
    const items = found.slice(0, limit).map(({ createdAt, lastUsedAt, ...item }) => ({
      ...item,
      createdAt: isoTime(createdAt),
      lastUsedAt: isoTime(lastUsedAt),
    }))
    return { items, ...(found.length > limit && { next: items.at(-1)!.id }) }
  },
}

function input({ message, digest }: { message?: string | undefined; digest?: string | undefined }) {
  return message === undefined ? { digest: fromBase64(digest!) } : { message: fromBase64(message) }
}

function names({ keys }: { readonly keys: readonly string[] }): [string, ...string[]] {
  return keys as [string, ...string[]]
}

type OpenDataKey = Awaited<ReturnType<Hsm['cryptography']['dataKeys']['openWritten']>>

/** The data key is overwritten; what was made of it to be sent cannot be. */
function dataKeyAnswer({ dataKey, wrapped, written, key, version }: OpenDataKey, inTheClear: boolean) {
  const plaintext = inTheClear ? base64(dataKey) : undefined
  dataKey.fill(0)
  return { id: wrapped.dataKey, wrapped: base64(written), ...(plaintext !== undefined && { plaintext }), key, version }
}
