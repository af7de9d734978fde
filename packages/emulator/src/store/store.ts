/** Where the state of an emulated card is kept, as bytes that the store does not interpret. */
export interface Store {
  /** What errors call it. */
  readonly name: string
  /** What was saved last; undefined in a fresh store. */
  load(): Promise<Uint8Array | undefined>
  /** Kept for good when it returns: whatever happens then, it or something saved later is loaded. */
  save(state: Uint8Array): Promise<void>
  close(): Promise<void>
}

/** Forgets everything with the process; opened again within it, the card is the same one. */
export function memoryStore(): Store {
  let saved: Uint8Array | undefined
  return {
    name: 'memory',
    load: async () => saved,
    save: async state => {
      saved = state
    },
    close: async () => {},
  }
}
