/** What comes of using a key: the result, or that the input is not one that the operation takes. */
export type Outcome = Uint8Array | Refusal
export type Refusal = 'wrongData' | 'wrongLength'

/** OpenSSL refuses the input: it is of the right length, but its value is impossible. */
export function unlessRefused<T>(operation: () => T): T | Refusal {
  try {
    return operation()
  } catch (error) {
    // What cannot be decoded comes without a code, but with what OpenSSL said.
    const { code, opensslErrorStack } = error as NodeJS.ErrnoException & { opensslErrorStack?: string[] }
    if (code?.startsWith('ERR_OSSL') || opensslErrorStack !== undefined) return 'wrongData'
    throw error
  }
}
