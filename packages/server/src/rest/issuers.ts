/** Identity providers whose tokens let in. */
import type { AnswerInput, issuerOperations } from '@keytether/api'
import type { Issuer, IssuerRule } from '@keytether/hsm'
import type { Handlers } from './handler.ts'
import { isoTime } from './times.ts'

type Operations = typeof issuerOperations

export const issuerHandlers: Handlers<Operations> = {
  async listIssuers({ issuers }, { caller }) {
    return { items: (await issuers.list(caller)).map(issuerAnswer) }
  },
  async createIssuer({ issuers }, { caller, body: { name, authorities = null, ...settings } }) {
    return issuerAnswer(await issuers.create(caller, name, { ...settings, authorities }))
  },
  async getIssuer({ issuers }, { caller, params }) {
    return issuerAnswer(await issuers.get(caller, params.issuer))
  },
  async changeIssuer({ issuers }, { caller, params, body, ifMatch }) {
    return issuerAnswer(await issuers.change(caller, params.issuer, body, ifMatch))
  },
  async deleteIssuer({ issuers }, { caller, params, ifMatch }) {
    await issuers.delete(caller, params.issuer, ifMatch)
  },
}

function issuerAnswer(issuer: Issuer): AnswerInput<Operations['getIssuer']> {
  const { id, name, url, audiences, algorithms, nameClaim, rules, authorities, trouble, createdAt, revision } = issuer
  return {
    id,
    name,
    url,
    audiences: [...audiences],
    algorithms: [...algorithms] as Algorithms,
    nameClaim,
    rules: rules.map(ruleAnswer),
    ...(authorities !== null && { authorities }),
    ...(trouble && { trouble: { at: isoTime(trouble.at), reason: trouble.reason } }),
    createdAt: isoTime(createdAt),
    revision,
  }
}

/** What the contract took. */
type Algorithms = AnswerInput<Operations['getIssuer']>['algorithms']
type Rule = AnswerInput<Operations['getIssuer']>['rules'][number]

function ruleAnswer({ claim, value, roles, tags }: IssuerRule): Rule {
  const when = claim === undefined ? {} : { claim, value }
  return { ...when, roles: [...roles] as NonNullable<Rule['roles']>, tags: [...tags] }
}
