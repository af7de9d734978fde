/** What comes of using a key: the result, or that the input is not one that the operation takes. */
export type Outcome = Uint8Array | 'wrongData' | 'wrongLength'

/** OpenSSL refuses the input: it is of the right length, but its value is impossible. */
export function unlessRefused(operation: () => Uint8Array): Outcome {
  try {
    return new Uint8Array(operation())
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code?.startsWith('ERR_OSSL') || code === 'ERR_CRYPTO_ECDH_INVALID_PUBLIC_KEY') return 'wrongData'
    throw error
  }
}
