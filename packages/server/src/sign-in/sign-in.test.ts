/** The page in Chromium, with an authenticator that the browser brings. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Browser } from '@keytether/test/browser'
import { requirePeers } from '@keytether/test/peers'
import { createLog } from '../log.ts'
import { startService } from '../service.ts'

const token = 'a-token-for-this-test'
const password = 'correct horse battery'

interface Credential {
  readonly credentialId: string
  readonly rpId: string
  readonly isResidentCredential: boolean
  readonly signCount: number
}

/** Passkeys are for a name, and so for the port that it is said to have. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function start() {
  const opened = new AsyncDisposableStack()
  const port = await freePort()
  const url = `http://localhost:${port}`
  const config = { host: '127.0.0.1', port, url, tokens: [token], devices: { roots: [] } }
  const service = opened.adopt(await startService(config, createLog('silent')), one => one.close())
  const browser = opened.use(await Browser.start())
  async function ask(method: string, path: string, body?: unknown) {
    const headers = {
      Authorization: `Bearer ${token}`,
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
    }
    const response = await fetch(`${service.url}/v1${path}`, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    assert.ok(response.ok, await response.clone().text())
    return (await response.json()) as { readonly secret: string }
  }
  await ask('POST', '/principals', { name: 'ann', roles: ['manager'] })
  return {
    url,
    browser,
    ask,
    invite: async () => `${url}/sign-in#${(await ask('POST', '/principals/ann/invitation', {})).secret}`,
    shown: (section: string) =>
      browser.until(`!document.querySelector('#${section}').hidden && !document.body.ariaBusy`),
    says: (words: string) =>
      browser.until(`document.querySelector('#message').textContent.includes(${JSON.stringify(words)})`),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

test('from an invitation to a passkey and a password, and in again with either', { timeout: 120_000 }, async t => {
  if (!requirePeers(t, ['chromium'])) return
  await using bench = await start()
  const { browser, shown, says } = bench
  const authenticatorId = await browser.authenticator()
  const credentials = async () =>
    (await browser.send('WebAuthn.getCredentials', { authenticatorId })).credentials as readonly Credential[]

  const invitation = await bench.invite()
  await browser.open(invitation)
  await shown('invitation')
  assert.equal(await browser.evaluate('location.href'), `${bench.url}/sign-in`)
  assert.equal(await browser.evaluate("document.querySelector('#invited-name').textContent"), 'ann')
  await browser.click('#invitation-passkey-form button')
  await shown('account')
  assert.equal(await browser.evaluate("document.querySelector('#who').textContent"), 'ann of main')
  const [passkey] = await credentials()
  assert.deepEqual([passkey?.rpId, passkey?.isResidentCredential], ['localhost', true])
  const { cookies } = (await browser.send('Network.getCookies')) as { cookies: readonly Record<string, unknown>[] }
  assert.deepEqual(
    cookies.map(({ name, httpOnly, sameSite, session }) => [name, httpOnly, sameSite, session]),
    [['keytether', true, 'Strict', true]],
  )
  assert.equal(await browser.evaluate('document.cookie'), '')
  await browser.open(invitation)
  await says('the invitation is good for nothing')

  await browser.open(`${bench.url}/sign-in`)
  await shown('account')
  await browser.type('#next', password)
  await browser.type('#next-again', `${password}!`)
  await browser.click('#change-form button')
  await says('not the same both times')
  await browser.evaluate("document.querySelector('#next-again').value = ''")
  await browser.type('#next-again', password)
  await browser.click('#change-form button')
  await says('The password is set')
  await browser.click('#sign-out')
  await says('You are signed out')
  await browser.open(`${bench.url}/sign-in`)
  await shown('sign-in')

  await browser.click('#use-passkey')
  await shown('account')
  assert.ok((await credentials())[0]!.signCount > passkey!.signCount)
  await browser.click('#sign-out')
  await shown('sign-in')

  // With nothing but keys, from where the focus is.
  await browser.press('Tab')
  await browser.keys('ann')
  await browser.press('Tab')
  await browser.keys(password)
  await browser.press('Enter')
  await shown('account')
  assert.match(
    await browser.evaluate("document.querySelector('#sessions').innerText"),
    /^password, 127\.0\.0\.1, Mozilla/,
  )

  // A second authenticator would be another passkey; this one says that it is there already.
  await browser.type('#passkey-name', 'again')
  await browser.click('#passkey-form button')
  await browser.until("document.querySelector('#message').className === 'wrong'")
  assert.equal((await credentials()).length, 1)
  await browser.click('#passkeys button')
  await shown('account')
  await browser.click('#sign-out')
  await says('You are signed out')
  await browser.click('#use-passkey')
  await says('what was shown to sign in with is not right')
  assert.deepEqual(browser.complaints, [])
})

test('an authenticator that has not seen its owner, and one that was copied, sign nobody in', {
  timeout: 120_000,
}, async t => {
  if (!requirePeers(t, ['chromium'])) return
  await using bench = await start()
  const { browser, shown, says } = bench
  const authenticatorId = await browser.authenticator()
  await browser.open(await bench.invite())
  await shown('invitation')
  await browser.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false })
  await browser.click('#invitation-passkey-form button')
  await says('No passkey was used')
  await browser.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true })
  await browser.click('#invitation-passkey-form button')
  await shown('account')
  await browser.click('#sign-out')
  await says('You are signed out')

  const { credentials } = (await browser.send('WebAuthn.getCredentials', { authenticatorId })) as {
    credentials: readonly Credential[]
  }
  const [copied] = credentials
  await browser.click('#use-passkey')
  await shown('account')
  await browser.click('#sign-out')
  await says('You are signed out')
  await browser.send('WebAuthn.removeCredential', { authenticatorId, credentialId: copied!.credentialId })
  await browser.send('WebAuthn.addCredential', { authenticatorId, credential: { ...copied, signCount: 0 } })
  await browser.click('#use-passkey')
  await says('what was shown to sign in with is not right')
})

test('a wrong password, and who tries again at once; whoever cannot see the page is told', {
  timeout: 120_000,
}, async t => {
  if (!requirePeers(t, ['chromium'])) return
  await using bench = await start()
  const { browser, shown, says } = bench
  await browser.open(await bench.invite())
  await shown('invitation')
  await browser.type('#invitation-password', password)
  await browser.type('#invitation-again', password)
  await browser.click('#invitation-password-form button')
  await shown('account')
  await browser.click('#sign-out')
  await shown('sign-in')
  await browser.type('#name', 'ann')
  await browser.type('#password', 'wrong horse battery')
  await browser.click('#password-form button')
  await says('what was shown to sign in with is not right')
  assert.equal(await browser.evaluate('document.activeElement.id'), 'message')
  await browser.click('#password-form button')
  await says('one try a second')
  await sleep(1_100)
  await browser.evaluate("document.querySelector('#password').value = ''")
  await browser.type('#password', password)
  await browser.click('#password-form button')
  await shown('account')

  const { nodes } = (await browser.send('Accessibility.getFullAXTree')) as {
    nodes: readonly { ignored: boolean; role?: { value: string }; name?: { value: string } }[]
  }
  const controls = nodes.filter(({ ignored, role }) => !ignored && ['textbox', 'button'].includes(role?.value ?? ''))
  assert.ok(controls.length >= 7)
  for (const { role, name } of controls) assert.notEqual(name?.value ?? '', '', role?.value)
  assert.deepEqual(browser.complaints, [])
})
