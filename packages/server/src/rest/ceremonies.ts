/** Key shares from several custodians. */
import type { Ceremony, ceremonyOperations } from '@keytether/api'
import { type Ceremonies, ceremonyWords } from '@keytether/hsm'
import type { Handlers } from './handler.ts'

export const ceremonyHandlers: Handlers<typeof ceremonyOperations> = {
  async listCeremonies({ ceremonies }, { caller }) {
    return { items: (await ceremonies.list(caller)).map(ceremonyAnswer) }
  },

  async openCeremony({ ceremonies }, { caller, body, signal }) {
    return ceremonyAnswer(await ceremonies.open(caller, body, signal))
  },

  async getCeremony({ ceremonies }, { caller, params }) {
    return ceremonyAnswer(await ceremonies.find(caller, params.ceremony))
  },

  async importShare({ ceremonies }, { caller, params, body, signal }) {
    const share = new Uint8Array(Buffer.from(body.share, 'base64'))
    try {
      return ceremonyAnswer(await ceremonies.importShare(caller, params.ceremony, share, signal))
    } finally {
      share.fill(0)
    }
  },

  async cancelCeremony({ ceremonies }, { caller, params }) {
    return ceremonyAnswer(await ceremonies.cancel(caller, params.ceremony))
  },
}

type Found = Awaited<ReturnType<Ceremonies['find']>>

function ceremonyAnswer({ row, data }: Found): Ceremony {
  const { devices, domain, shares, imports } = data
  return {
    id: row.id,
    state: row.state,
    words: ceremonyWords(row.state, data),
    devices: [...devices],
    domain,
    shares,
    imports: imports.map(({ custodian, name, at, done }) => ({
      custodian,
      name,
      at: new Date(at).toISOString(),
      done,
    })),
    createdAt: new Date(row.created_at).toISOString(),
    updatedAt: new Date(row.updated_at).toISOString(),
  }
}
