/** Having the card verify the certificates of another device, so that it takes that device's word for keys. */
import { type Certificate, SetVerificationKey, VerifyCertificate } from '@keytether/card'
import { DriverError } from './errors.ts'
import { call, type Link } from './link.ts'

/**
 * Leaves the device's key chosen as the one to verify with. The card keeps what it has verified until its application is
 * selected again.
 *
 * @param chain device first, then its issuer, as in the file 2F02
 * @throws DriverError `UNKNOWN_ROOT` if the card does not know who issued the topmost, `NOT_GENUINE` if one does not verify
 */
export async function verifyDeviceChain(link: Link, chain: readonly Certificate[]): Promise<void> {
  for (const certificate of chain.toReversed()) {
    const { holderReference, authorityReference = '' } = certificate.body.value
    if (await choose(link, holderReference)) continue
    if (!(await choose(link, authorityReference))) {
      throw new DriverError(
        'UNKNOWN_ROOT',
        `the card does not know ${authorityReference}, the issuer of ${holderReference}: ` +
          'it believes devices under its own root only',
      )
    }
    const [outcome] = await link.run([call(VerifyCertificate, {}, certificate)])
    if (outcome.status !== 'ok' || !(await choose(link, holderReference))) {
      throw new DriverError('NOT_GENUINE', `the card refuses the certificate of ${holderReference}: it does not verify`)
    }
  }
}

/** Whether the card knows the key of that name, which is then the one to verify with. */
async function choose(link: Link, holderReference: string): Promise<boolean> {
  const [outcome] = await link.run([call(SetVerificationKey, {}, { holderReference })])
  return outcome.status === 'ok'
}
