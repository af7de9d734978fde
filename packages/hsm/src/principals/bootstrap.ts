/** The first administrator of a service that nobody can log in to: whoever shows the secret that it told where it was started. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Foundation } from '../foundation.ts'
import { insertToken, type NewCredential } from './credential.ts'
import { insertPrincipal, type Principal, type Principals } from './principals.ts'

export interface FirstAdministrator {
  readonly administrator: Principal
  readonly credential: NewCredential
}

export class Bootstrap {
  readonly #foundation: Foundation
  readonly #principals: Principals
  readonly #main: string
  #hash: Uint8Array | undefined

  /** @param main the id of the tenant main */
  constructor(foundation: Foundation, principals: Principals, main: string) {
    this.#foundation = foundation
    this.#principals = principals
    this.#main = main
  }

  /** @returns a secret, which is in no log and no database, and good until it was used or the service ends; none: somebody can log in */
  async open(): Promise<string | undefined> {
    if (await this.#principals.hasAdministrator(this.#foundation.store.db, this.#main)) return undefined
    const secret = `ktb_${randomBytes(32).toString('base64url')}`
    this.#hash = hashOf(secret)
    return secret
  }

  /**
   * Makes the first administrator of the tenant main, with a token.
   *
   * @returns none: another secret is wanted, or none any more
   * @throws HsmError `EXISTS`
   */
  async use(secret: string, name: string): Promise<FirstAdministrator | undefined> {
    if (this.#hash === undefined || !timingSafeEqual(this.#hash, hashOf(secret))) return undefined
    const tenant = this.#main
    const now = this.#foundation.now()
    const made = await this.#foundation.history.write(async db => {
      if (await this.#principals.hasAdministrator(db, tenant)) return { value: undefined, happened: [] }
      const roles = ['administrator'] as const
      const administrator = await insertPrincipal(db, { tenant, name, roles, tags: [], now })
      const credential = await insertToken(db, { principal: administrator.id, name: 'first', settings: {}, now })
      const data = { name, roles, bootstrap: true }
      return {
        value: { administrator, credential },
        happened: [{ tenant, type: 'principal.created', subject: administrator.id, data }],
      }
    })
    this.#hash = undefined
    return made
  }
}

function hashOf(secret: string): Uint8Array {
  return createHash('sha256').update(secret).digest()
}
