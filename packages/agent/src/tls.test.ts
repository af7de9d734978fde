import assert from 'node:assert/strict'
import { generateKeyPairSync, sign, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { type ScriptedServer, scriptedServer, sendTemplate } from '@keytether/test/scripted-server'
import { selfSigned } from '@keytether/test/x509'
import { SessionError } from './errors.ts'
import { runSession } from './session.ts'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const spki = publicKey.export({ type: 'spki', format: 'der' })
const certificate = await selfSigned('localhost', spki, async message => sign('sha256', message, privateKey))
const cert = new X509Certificate(certificate).toString()
const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

const channel = {
  atr: Uint8Array.of(0x3b, 0),
  transmit: async () => [],
  reset: async () => Uint8Array.of(0x3b, 0),
  close: async () => {},
}

function urlOf({ url }: ScriptedServer): string {
  return url.replace('127.0.0.1', 'localhost')
}

test('a certificate that nobody vouches for is not trusted', async () => {
  await using server = await scriptedServer([], { cert, key })
  await assert.rejects(
    runSession({ url: urlOf(server), channel }),
    error => error instanceof SessionError && error.code === 'UNTRUSTED',
  )
  assert.equal(server.requests.length, 0)
})

test('neither is one of another host, though its authority is', async () => {
  await using server = await scriptedServer([], { cert, key })
  await assert.rejects(
    runSession({ url: server.url, channel, authorities: [cert] }),
    error => error instanceof SessionError && error.code === 'UNTRUSTED',
  )
})

test('with its authority named, it is; cookies that are Secure come back', async () => {
  const setCookie = { 'Set-Cookie': 'RSESS=x; Path=/rt; Secure; HttpOnly' }
  await using server = await scriptedServer([response => sendTemplate(response, 'aa00', setCookie)], { cert, key })
  await runSession({ url: urlOf(server), channel, authorities: [cert] })
  assert.equal(server.requests[1]?.headers.cookie, 'RSESS=x')
})

test('the wrong one of http:// and https://', async () => {
  await using secure = await scriptedServer([], { cert, key })
  await assert.rejects(runSession({ url: secure.url.replace('https:', 'http:'), channel }), {
    code: 'NETWORK',
    message: 'the connection broke: socket hang up; is it https:// ?',
  })
  await using plain = await scriptedServer([])
  await assert.rejects(runSession({ url: plain.url.replace('http:', 'https:'), channel }), {
    code: 'CONNECT',
    message: /does not speak TLS here; is it http:\/\/ \?$/,
  })
})
