/**
 * One object in PEM form.
 *
 * @see RFC 7468
 * @module
 */
import { HsmError } from '../errors.ts'

/**
 * @param label as `CERTIFICATE`
 * @throws HsmError `INVALID`
 */
export function derOf(pem: string, label: string): Uint8Array {
  const [, base64, ...more] = pem.split(new RegExp(`-----(?:BEGIN|END) ${label}-----`))
  const text = base64?.replaceAll(/\s/g, '') ?? ''
  if (more.length !== 1 || text === '' || !/^[A-Za-z0-9+/]+=*$/.test(text))
    throw new HsmError('INVALID', `wanted one ${label} in PEM form, and nothing else of that kind`)
  return new Uint8Array(Buffer.from(text, 'base64'))
}
