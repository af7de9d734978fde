/** Object identifiers in key files, as the bytes of their value in hexadecimal. */

type Names<T> = Readonly<Record<string, T>>

/** RFC 5652, 4 and 8 */
export const contentType = { data: '2a864886f70d010701', encryptedData: '2a864886f70d010706' } as const

/** RFC 7292, 4.2 */
export const bagTypes: Names<'key' | 'shroudedKey' | 'certificate' | 'secret' | 'bags'> = {
  '2a864886f70d010c0a0101': 'key',
  '2a864886f70d010c0a0102': 'shroudedKey',
  '2a864886f70d010c0a0103': 'certificate',
  '2a864886f70d010c0a0105': 'secret',
  '2a864886f70d010c0a0106': 'bags',
}

/** RFC 2985, 5.5.1 */
export const friendlyName = '2a864886f70d010914'
/** RFC 7292, 4.2.3 */
export const x509Certificate = '2a864886f70d01091601'

/** RFC 8018, A.4 */
export const pbes2 = '2a864886f70d01050d'
/** RFC 8018, A.2; RFC 7914, 7 */
export const keyDerivation = { pbkdf2: '2a864886f70d01050c', scrypt: '2b06010401da47040b' } as const

/** RFC 8018, B.1: hash functions of HMAC. */
export const pseudoRandomFunctions: Names<string> = {
  '2a864886f70d0207': 'sha1',
  '2a864886f70d0208': 'sha224',
  '2a864886f70d0209': 'sha256',
  '2a864886f70d020a': 'sha384',
  '2a864886f70d020b': 'sha512',
}

export interface Cipher {
  /** As `node:crypto` calls it; RC2 is ours. */
  readonly name: 'des-ede3-cbc' | 'aes-128-cbc' | 'aes-192-cbc' | 'aes-256-cbc' | 'rc2-cbc'
  /** Bytes. */
  readonly keySize: number
}

/** RFC 8018, B.2; RFC 3565, 4.1 */
export const ciphers: Names<Cipher> = {
  '2a864886f70d0307': { name: 'des-ede3-cbc', keySize: 24 },
  '608648016503040102': { name: 'aes-128-cbc', keySize: 16 },
  '608648016503040116': { name: 'aes-192-cbc', keySize: 24 },
  '60864801650304012a': { name: 'aes-256-cbc', keySize: 32 },
}

/** RFC 7292, C: key and initialisation vector come of SHA-1. */
export const pkcs12Ciphers: Names<Cipher> = {
  '2a864886f70d010c0103': { name: 'des-ede3-cbc', keySize: 24 },
  '2a864886f70d010c0105': { name: 'rc2-cbc', keySize: 16 },
  '2a864886f70d010c0106': { name: 'rc2-cbc', keySize: 5 },
}

/** RFC 8017, B.1; RFC 5754, 2 */
export const hashFunctions: Names<string> = {
  '2b0e03021a': 'sha1',
  '608648016503040204': 'sha224',
  '608648016503040201': 'sha256',
  '608648016503040202': 'sha384',
  '608648016503040203': 'sha512',
}
