/**
 * Tokens of the identity providers that tenants trust: JSON Web Tokens, be they access tokens or ID tokens.
 *
 * @see OpenID Connect Core, 3.1.3.7
 * @see RFC 9068 access tokens as JWT
 * @see RFC 8725 what else is to be looked at
 */
import type { Hsm, Issued, KnownIssuer } from '@keytether/hsm'
import { decodeJwt, jwtVerify } from 'jose'
import { bearerToken } from '../bearer.ts'
import { meantTenant } from '../meant-tenant.ts'
import type { WayIn } from '../way-in.ts'
import { issuedBy } from './claims.ts'
import { readDocument } from './document.ts'
import { IssuerKeys } from './issuer-keys.ts'

/** Three parts, of which the first begins with `{"`. */
const jwtForm = /^eyJ[\w-]*\.[\w-]+\.[\w-]+$/
const clockToleranceS = 60
/** Others are for other purposes: a logout token, a proof of possession. */
const types: ReadonlySet<string | undefined> = new Set([undefined, 'jwt', 'at+jwt', 'application/at+jwt'])
const mostIssuers = 1_000

export function oidcTokens({ issued, issuers, tenants, now }: Hsm): WayIn {
  const keys = new Map<string, { readonly revision: number; readonly keys: IssuerKeys }>()

  function keysOf({ id, revision, url, authorities, tenant }: KnownIssuer): IssuerKeys {
    const known = keys.get(id)
    if (known?.revision === revision) return known.keys
    if (keys.size >= mostIssuers) keys.clear()
    const options = { authorities, publicOnly: tenant !== tenants.main }
    const read = new IssuerKeys({ url, now, read: location => readDocument(location, options) })
    keys.set(id, { revision, keys: read })
    return read
  }

  /** @returns undefined for a token that is not what it should be, which is noted for the tenant, and told to nobody else */
  async function verified(issuer: KnownIssuer, token: string): Promise<Issued | undefined> {
    const trusted = keysOf(issuer)
    try {
      const { payload, protectedHeader } = await jwtVerify(token, (header, input) => trusted.find(header, input), {
        issuer: issuer.url,
        audience: [...issuer.audiences],
        algorithms: [...issuer.algorithms],
        clockTolerance: clockToleranceS,
        requiredClaims: ['exp'],
        currentDate: new Date(now()),
      })
      const type = protectedHeader.typ?.toLowerCase()
      if (!types.has(type)) throw new Error(`it is of the type ${type?.slice(0, 40)}, and for something else`)
      if (payload.cnf !== undefined) throw new Error('it is for who has a key (cnf), and not for whoever shows it')
      const who = issuedBy(issuer, payload)
      if (who === undefined) throw new Error(`no rule fits it, or its ${issuer.nameClaim} is no name`)
      return who
    } catch (error) {
      issuers.note(issuer, (error as Error).message)
      return undefined
    }
  }

  return {
    shown: request => jwtForm.test(bearerToken(request) ?? ''),
    async callerOf(request, address) {
      const token = bearerToken(request)!
      const claims = unverified(token)
      if (claims?.iss === undefined) return undefined
      const audiences = [claims.aud ?? []].flat()
      const wanted = meantTenant(request)
      const known = (await issued.issuersAt(claims.iss)).filter(
        ({ tenant, tenantName }) => wanted === undefined || wanted === tenant || wanted === tenantName,
      )
      const meant =
        known.length === 1 ? known : known.filter(issuer => audiences.some(one => issuer.audiences.includes(one)))
      // Whose tenant it is must not be a matter of chance.
      const [issuer] = meant
      if (issuer === undefined || meant.length > 1) return undefined
      const who = await verified(issuer, token)
      return who && issued.callerOf(issuer, who, address)
    },
  }
}

function unverified(token: string) {
  try {
    return decodeJwt(token)
  } catch {
    return undefined
  }
}
