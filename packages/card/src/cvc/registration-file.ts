/**
 * The file with which a key is registered for authentication elsewhere: its request, and the certificates of the device that
 * vouches for it, as `sc-hsm-tool` exports and registers it.
 *
 * @see OpenSC, sc-hsm-tool(1): --export-for-pub-key-auth, --register-public-key
 * @module
 */
import { always, anyTlv, type Codec, tlv, tlvs } from '@keytether/codec'
import { AuthenticatedRequest, Certificate } from './certificate.ts'

export interface KeyRegistration {
  readonly request: AuthenticatedRequest
  readonly device: Certificate
  readonly issuer: Certificate
}

/** 1.3.6.1.4.1.24991.4.3.1 */
const type = tlv(0x06, always(0x2b, 0x06, 0x01, 0x04, 0x01, 0x81, 0xc3, 0x1f, 0x04, 0x03, 0x01))

const current = tlv(
  0x30,
  tlvs({
    type,
    issuer: tlv(0x61, Certificate),
    device: tlv(0x62, Certificate),
    request: tlv(0x63, AuthenticatedRequest),
  }),
)

/** Written by OpenSC up to 0.23, at least. */
const older = tlv(0x30, tlvs({ request: AuthenticatedRequest, device: Certificate, issuer: Certificate }))

/** Both forms are read; the current one is written, which OpenSC takes from 0.23, at the latest. */
export const RegistrationFile: Codec<KeyRegistration> = {
  write: (out, value) => current.write(out, value),
  read(input) {
    const [first] = anyTlv.read(input.fork()).value
    return first === type.tag ? current.read(input) : older.read(input)
  },
}
