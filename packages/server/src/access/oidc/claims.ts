/** From what a token claims to who that is here, and what he may. */
import type { Issued, IssuerRule } from '@keytether/hsm'

type Claims = Readonly<Record<string, unknown>>

/** As long as names are elsewhere, and nothing that a terminal or a log line could be deceived with. */
const subjectForm = /^[^\p{C}\p{Z}]([^\p{C}]{0,198}[^\p{C}\p{Z}])?$/u

/** @returns undefined for whom no rule is, and who is nobody here */
export function issuedBy(
  { nameClaim, rules }: { readonly nameClaim: string; readonly rules: readonly IssuerRule[] },
  claims: Claims,
): Issued | undefined {
  const subject = claimOf(claims, nameClaim)
  if (typeof subject !== 'string' || !subjectForm.test(subject)) return undefined
  const fitting = rules.filter(rule => fits(rule, claims))
  if (fitting.length === 0) return undefined
  const roles = new Set(fitting.flatMap(rule => rule.roles))
  const tags = new Set(fitting.flatMap(rule => rule.tags))
  return { subject, roles: [...roles], tags: [...tags] }
}

function fits({ claim, value }: IssuerRule, claims: Claims): boolean {
  if (claim === undefined || value === undefined) return true
  const found = claimOf(claims, claim)
  // RFC 8693, 4.2: the only claim that is a list in a text.
  const values =
    claim === 'scope' && typeof found === 'string' ? found.split(' ') : Array.isArray(found) ? found : [found]
  return values.some(one => (typeof one === 'string' || typeof one === 'boolean') && String(one) === value)
}

/** @param name of the claim, or a JSON Pointer to it (RFC 6901) */
function claimOf(claims: Claims, name: string): unknown {
  if (!name.startsWith('/')) return member(claims, name)
  const parts = name.slice(1).split('/')
  return parts.map(part => part.replaceAll('~1', '/').replaceAll('~0', '~')).reduce<unknown>(member, claims)
}

function member(value: unknown, name: string): unknown {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject && Object.hasOwn(value, name) ? (value as Claims)[name] : undefined
}
