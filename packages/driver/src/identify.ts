/** Telling whether a card is a SmartCard-HSM, and a genuine one. */
import {
  AuthenticateChip,
  applicationId,
  type Certificate,
  type ChainFailure,
  DeviceCertificates,
  DeviceStatus,
  fid,
  hostHandshake,
  SecureMessagingError,
  SelectApplication,
  SetSecureMessaging,
  type TrustRoot,
  verifyChain,
} from '@keytether/card'
import { decode } from '@keytether/codec'
import { DriverError } from './errors.ts'
import { expectContent, type FileContent, FileReads, finish, readFiles } from './files.ts'
import { attempt, call, type Link } from './link.ts'
import type { Identity, Version } from './types.ts'

export interface Application {
  readonly version: Version
  /** Only selecting the application tells them. */
  readonly options?: number
  readonly identity: Identity
}

/**
 * Selects the application and verifies the certificates of the device, in one round trip as a rule.
 *
 * @param keepLogIn leave the application as it is if it is selected already, which costs another round trip if it is not
 * @throws DriverError `NOT_A_SMARTCARD_HSM`, `UNKNOWN_ROOT` or `NOT_GENUINE`
 */
export async function identify(link: Link, roots: readonly TrustRoot[], keepLogIn: boolean): Promise<Application> {
  const found = keepLogIn ? await identifySelected(link) : undefined
  const { file, ...application } = found ?? (await selectAndRead(link))
  return { ...application, identity: verified(file, roots) }
}

interface Found {
  readonly version: Version
  readonly options?: number
  /** The device certificates. */
  readonly file: FileContent
}

/** Asks what only the application answers. Nothing if it is not selected, or too old to answer: before version 2.4. */
async function identifySelected(link: Link): Promise<Found | undefined> {
  const certificates = new FileReads([{ fid: fid.deviceCertificates }], { major: 4, minor: 0, type: 0 })
  const [status] = await link.run([attempt(call(DeviceStatus, {}, undefined)), ...certificates.calls(link)] as const)
  if (status instanceof Error) return undefined
  const { major, minor } = status.data
  // It does not say whether this is the demonstration version, which is used like any other.
  const version = { major, minor, type: 0 }
  return { version, file: await finished(link, version, certificates) }
}

/** Read to the end; from the start again if the card's version reads differently from what was presumed. */
async function finished(link: Link, version: Version, presumed: FileReads): Promise<FileContent> {
  if (isBefore(version, 3, 4)) return (await readFiles(link, version, [{ fid: fid.deviceCertificates }]))[0]!
  await finish(link, presumed)
  return presumed.results()[0]!
}

async function selectAndRead(link: Link): Promise<Found> {
  // Read together with the selection, before the version is known.
  const certificates = new FileReads([{ fid: fid.deviceCertificates }], { major: 4, minor: 0, type: 0 })
  const [select] = await link.run([attempt(selectCall()), ...certificates.calls(link)] as const)
  const { version, options } = selected(select)
  return { version, options, file: await finished(link, version, certificates) }
}

export function selectCall() {
  return call(SelectApplication, { p2: 0x00 }, applicationId)
}

export type Selected = ReturnType<typeof SelectApplication.decodeResponse>

function selected(outcome: Selected | Error) {
  if (!(outcome instanceof Error) && outcome.status === 'ok' && outcome.data?.version) {
    const { options, type, major, minor } = outcome.data.version
    return { options, version: { type, major, minor } }
  }
  throw new DriverError(
    'NOT_A_SMARTCARD_HSM',
    'the card has no SmartCard-HSM application; is the right card in the reader?',
    outcome instanceof Error ? { cause: outcome } : {},
  )
}

function isBefore(version: Version, major: number, minor: number): boolean {
  return version.major < major || (version.major === major && version.minor < minor)
}

function verified(file: FileContent, roots: readonly TrustRoot[]): Identity {
  const chain = decoded(file)
  const result = verifyChain(chain, roots)
  const device = chain[0]?.body.value
  const presented = chain.at(-1)?.body.value
  if (!result.ok) {
    const who = device ? `device ${device.holderReference}` : 'the device'
    if (result.reason === 'untrustedRoot') {
      const trusted = roots.map(root => `${root.certificate.body.value.holderReference} (${root.kind})`).join(', ')
      throw new DriverError(
        'UNKNOWN_ROOT',
        `${who} descends from ${presented?.authorityReference ?? presented?.holderReference}, which is not trusted here; ` +
          `trusted are ${trusted || 'none'}. Add its root certificate if it is yours, otherwise do not use the device`,
      )
    }
    throw new DriverError('NOT_GENUINE', `${who} is not genuine: ${failures[result.reason]}. Do not use the device`)
  }
  return {
    path: result.path,
    holderReference: device!.holderReference,
    root: result.root.kind,
    rootReference: result.root.certificate.body.value.holderReference,
    devicePublicKey: result.deviceKey,
    chain,
  }
}

function decoded(file: FileContent): Certificate[] {
  try {
    return decode(DeviceCertificates, expectContent(file, 'device certificates (file 2F02)'), { lengths: 'any' })
  } catch (error) {
    throw new DriverError('NOT_GENUINE', 'the device certificates (file 2F02) cannot be read. Do not use the device', {
      cause: error,
    })
  }
}

const failures: Record<Exclude<ChainFailure, 'untrustedRoot'>, string> = {
  incomplete: 'it does not present its own certificate and that of its issuer',
  wrongName: 'a name in its certificates is malformed',
  notLinked: 'its certificates do not name each other as issuer',
  wrongRole: 'a certificate is used for what it was not issued for',
  wrongSignature: 'a signature in its certificates is wrong',
  wrongKey: 'its certified key is not a valid key',
}

/**
 * Opens secure messaging with the key that the device certificate names, in one round trip. Only the holder of that key can
 * answer with the right token, so a device with copied certificates is found out here.
 *
 * @throws DriverError `NOT_GENUINE` for a wrong token, `NOT_SUPPORTED` if the card knows no AES here
 */
export async function openSecureMessaging(link: Link, { devicePublicKey, holderReference }: Identity): Promise<void> {
  const handshake = hostHandshake(devicePublicKey)
  const set = attempt(call(SetSecureMessaging, {}, { protocol: handshake.protocol }))
  const authenticate = attempt(call(AuthenticateChip, {}, { ephemeralKey: handshake.ephemeralKey }))
  const messaging = await link.runPlain([set, authenticate], ([chosen, answer]) => {
    if (chosen instanceof Error || chosen.status !== 'ok') return undefined
    if (answer instanceof Error || answer.status !== 'ok') return undefined
    try {
      return handshake.open(answer.data)
    } catch (error) {
      if (!(error instanceof SecureMessagingError)) throw error
      throw new DriverError(
        'NOT_GENUINE',
        `the card presents the certificate of ${holderReference}, but does not hold its key. Do not use the device`,
        { cause: error },
      )
    }
  })
  if (messaging === undefined) {
    throw new DriverError('NOT_SUPPORTED', 'the card does not open a secure channel with AES')
  }
}
