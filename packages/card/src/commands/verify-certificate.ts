/**
 * Certificates for the card to verify, from one whose key it knows downwards: each time the issuer's key is chosen, then the
 * certificate presented. The card keeps the keys of verified certificates until the application is selected again.
 *
 * @see ISO/IEC 7816-4, MANAGE SECURITY ENVIRONMENT; ISO/IEC 7816-8, PERFORM SECURITY OPERATION (VERIFY CERTIFICATE)
 * @module
 */
import { always, struct, tlv, tlvs } from '@keytether/codec'
import { anyOf, command } from '../command.ts'
import { CertificateContent, reference } from '../cvc/certificate.ts'
import { sw } from '../status.ts'

/** Chooses the key that is to have signed what comes next, by the name of its holder; also tells whether the card knows it. */
export const SetVerificationKey = command({
  name: 'MANAGE SECURITY ENVIRONMENT for verification',
  ins: 0x22,
  params: struct({ p1: always(0x81), p2: always(0xb6) }),
  data: tlvs({ holderReference: tlv(0x83, reference) }),
  status: { keyNotFound: anyOf(sw.referenceNotFound, sw.wrongData, sw.notFound) },
})

/** Verifies a certificate with the chosen key, and makes its key known. */
export const VerifyCertificate = command({
  name: 'VERIFY CERTIFICATE',
  ins: 0x2a,
  params: struct({ p1: always(0x00), p2: always(0xbe) }),
  data: CertificateContent,
  status: {
    /** No key was chosen, or not the one that the certificate names as its issuer. */
    keyNotFound: sw.referenceNotFound,
    /** The signature is wrong, or the issuer may not issue it. */
    notVerified: anyOf(sw.conditionsNotSatisfied, sw.referenceDataNotUsable, sw.authenticationFailed),
    wrongData: sw.wrongData,
  },
})
