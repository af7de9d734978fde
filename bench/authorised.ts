/** Authorised requests with the tokens of one principal, of a hundred, and of ten thousand, to a service in a process of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { createInterface } from 'node:readline'
import type { Caller } from '@keytether/hsm'
import { createLog, startService } from '@keytether/server'
import { heading, print, rate } from './report.ts'

const clients = 16

if (process.argv[2] === 'service') await service(Number(process.argv[3]))
else for (const principals of [1, 100, 10_000]) await main(principals)

/** Prints its URL and a token of each principal. */
async function service(principals: number): Promise<void> {
  const config = { host: '127.0.0.1', port: 0, tokens: ['known-to-everybody'], devices: { roots: [] } }
  const { url, hsm } = await startService(config, createLog('error'))
  const login = { credential: 'bench', address: '127.0.0.1' }
  const tenant = hsm.tenants.main
  const caller: Caller = { principal: 'prn_bench', name: 'bench', tenant, roles: ['administrator'], tags: [], login }
  const tokens: string[] = []
  for (let made = 0; made < principals; made += 100) {
    const names = Array.from({ length: Math.min(100, principals - made) }, (_, i) => `p${made + i}`)
    const batch = names.map(async name => {
      await hsm.principals.create(caller, name, { roles: ['operator'], tags: ['web'] })
      return (await hsm.credentials.create(caller, name, 'bench')).token
    })
    tokens.push(...(await Promise.all(batch)))
  }
  console.log(JSON.stringify({ url, tokens }))
}

async function main(principals: number): Promise<void> {
  const args = [import.meta.filename, 'service', String(principals)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  try {
    const [line] = await once(createInterface(child.stdout), 'line', { signal: AbortSignal.timeout(120_000) })
    const { url, tokens } = JSON.parse(String(line)) as { readonly url: string; readonly tokens: readonly string[] }
    let next = 0
    const one = () => call(agent, `${url}/v1/me`, tokens[next++ % tokens.length])
    const many = async (ask: () => Promise<void>) =>
      clients * (await rate(() => Promise.all(Array.from({ length: clients }, ask))))
    heading(
      `Authorised requests of ${clients} clients, principals with a token each: ${principals.toLocaleString('en')}`,
    )
    const beside = { name: 'without a log-in', value: await many(() => call(agent, `${url}/health/alive`)) }
    const started = performance.now()
    for (let asked = 0; asked < tokens.length; asked += clients) await Promise.all(Array.from({ length: clients }, one))
    const first = (Math.ceil(tokens.length / clients) * clients * 1_000) / (performance.now() - started)
    if (principals > 1) print({ name: 'each token for the first time', value: first, unit: '/s', beside })
    print({ name: 'and again', value: await many(one), unit: '/s', beside })
  } finally {
    agent.destroy()
    child.kill()
  }
}

function call(agent: Agent, url: string, token?: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const request = get(url, { agent, headers }, response => {
    response.resume().on('end', resolve)
    if (response.statusCode !== 200) reject(new Error(`${url}: ${response.statusCode}`))
  })
  request.on('error', reject)
  return promise
}
