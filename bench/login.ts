/** Ways to log in, one request after the other, over HTTP to a service in a process of its own. */
import { spawn } from 'node:child_process'
import { argon2Sync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { createLog, startService } from '@keytether/server'
import { SoftAuthenticator } from '../test/support/soft-authenticator.ts'
import { heading, print, rate } from './report.ts'
import { TokenIssuer } from './token-issuer.ts'

const token = 'known-to-everybody-in-this-benchmark'
const origin = 'https://hsm.example.com'
const password = 'known to everybody in this benchmark'

if (process.argv[2] === 'service') {
  const config = { host: '127.0.0.1', port: 0, url: origin, tokens: [token], devices: { roots: [] } }
  console.log((await startService(config, createLog('error'))).url)
} else {
  const child = spawn(process.execPath, [import.meta.filename, 'service'], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [url] = await once(createInterface(child.stdout), 'line', { signal: AbortSignal.timeout(20_000) })
    await measure(String(url))
  } finally {
    child.kill()
  }
}

/** Those members of any answer that are wanted here. */
interface Answer {
  readonly id: string
  readonly secret: string
  readonly token: string
  readonly challenge: string
  readonly passkey: { readonly challenge: string }
}

async function measure(url: string): Promise<void> {
  async function ask(method: string, path: string, credential?: string, body?: unknown) {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(credential && { Authorization: `Bearer ${credential}` }),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const answer = await response.json()
    if (!response.ok) throw new Error(JSON.stringify(answer))
    return answer as Answer
  }
  for (const name of ['ann', 'bob']) await ask('POST', '/v1/principals', token, { name, roles: ['operator'] })
  const invitation = async (name: string) => (await ask('POST', `/v1/principals/${name}/invitation`, token, {})).secret
  await ask('POST', '/v1/invitations/accept', undefined, { secret: await invitation('ann'), password })
  const authenticator = new SoftAuthenticator(origin)
  const secret = await invitation('bob')
  const invited = await ask('POST', '/v1/invitations/challenge', undefined, { secret })
  const { challenge } = invited.passkey
  const passkey = { name: 'phone', response: authenticator.create({ challenge }) }
  const { token: session } = await ask('POST', '/v1/invitations/accept', undefined, { secret, passkey })
  const { id: userHandle } = await ask('GET', '/v1/me', session)
  const { token: made } = await ask('POST', '/v1/principals/bob/credentials', token, { name: 'bench' })

  using issuer = await TokenIssuer.start()
  const rules = [{ claim: 'groups', value: 'hsm', roles: ['operator'] }]
  await ask('POST', '/v1/issuers', token, { name: 'company', url: issuer.url, audiences: ['keytether'], rules })

  heading('Log-ins, one after the other')
  const nobody = { name: 'a request without one', value: await rate(() => ask('GET', '/health/alive')) }
  for (const [name, credential] of [
    ['a token of the settings', token],
    ['a token that was made', made],
    ['the session of a person', session],
    ['a token of an identity provider, ES256', issuer.token('ES256', 'keytether')],
    ['a token of an identity provider, RS256', issuer.token('RS256', 'keytether')],
  ] as const) {
    const value = await rate(() => ask('GET', '/v1/me', credential))
    print({ name: `requests with ${name}`, value, unit: '/s', beside: nobody })
  }
  const cost = { message: password, nonce: randomBytes(16), memory: 65_536, passes: 3, parallelism: 4, tagLength: 32 }
  const hash = { name: 'Argon2id alone', value: await rate(() => argon2Sync('argon2id', cost)) }
  const signIn = await rate(() => ask('POST', '/v1/sessions', undefined, { name: 'ann', password }))
  print({ name: 'sign-ins with a password', value: signIn, unit: '/s', beside: hash })
  const withPasskey = await rate(async () => {
    const { challenge } = await ask('POST', '/v1/sessions/challenge')
    const response = authenticator.get({ challenge, userHandle })
    await ask('POST', '/v1/sessions/passkey', undefined, { response })
  })
  print({ name: 'sign-ins with a passkey, two requests each', value: withPasskey, unit: '/s', beside: nobody })
}
