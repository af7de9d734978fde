import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SmartCardHsm } from '@keytether/driver'
import { eachDatabase } from '@keytether/test/databases'
import { BenchToken, GroupBench, until } from '@keytether/test/group-bench'
import { HsmError } from '../errors.ts'
import type { KeyRequest } from '../keys/new-key.ts'
import { inRequest, type RequestContext } from '../requests/context.ts'
import type { Check } from './checks.ts'
import type { GroupTest } from './diagnosis.ts'

const { signal } = new AbortController()
const types = {
  web: { kind: 'EC', curve: 'secp256r1' },
  mail: { kind: 'RSA', bits: 1024 },
  data: { kind: 'AES', bits: 256 },
} as const

/** As many tokens as wanted in a group that has every key on all of them. */
async function opened(database: string, count: number): Promise<{ bench: GroupBench; tokens: BenchToken[] }> {
  const tokens = await Promise.all(Array.from({ length: count }, () => BenchToken.make()))
  const bench = await GroupBench.open(database)
  await bench.join('pair', ...tokens)
  for (const [name, type] of Object.entries(types)) {
    await bench.hsm.keys.create(bench.caller, { name, group: 'pair', type, durability: count }, signal)
  }
  // Nothing is left to do, so that nobody else uses a key meanwhile.
  await until(async () => (await bench.hsm.placement.heal(bench.caller, 'pair', signal)).state === 'healthy')
  return { bench, tokens }
}

const testOf = (bench: GroupBench) => bench.hsm.diagnosis.test(bench.caller, 'pair', { signal })

/** Behind the service's back, but on its own way to the card. */
function onCard(bench: GroupBench, token: BenchToken, work: (card: SmartCardHsm) => Promise<unknown>) {
  return bench.hsm.devices.hsm(token.path).run(work, signal)
}

/** Of one token, as `web sign: passed`. */
function outcomes({ checks }: GroupTest, { path }: BenchToken): string[] {
  const what = (check: Check) => ('version' in check ? `${check.version.name} ${check.test}` : check.test)
  return checks
    .filter(({ member }) => member.path === path)
    .map(check => `${what(check)}: ${check.outcome}${check.reason === undefined ? '' : `, ${check.reason}`}`)
}

const nameOf = ({ path }: BenchToken) => path.slice(path.lastIndexOf('.') + 1)

eachDatabase((_, database) => {
  test('all is well', async () => {
    const { bench, tokens } = await opened(await database(), 2)
    await using _ = bench
    const steps: number[] = []
    const request: RequestContext = { id: 'a request', uses: [], refused: [] }
    const report = await inRequest(request, () =>
      bench.hsm.diagnosis.test(bench.caller, 'pair', {
        signal,
        onCheck: (_, done, total) => steps.push(done / total),
      }),
    )
    assert.deepEqual([report.state, report.problems], ['passed', []])
    for (const token of tokens) {
      assert.deepEqual(outcomes(report, token), [
        ...['connect', 'genuine', 'log-in', 'random', 'key-domain'].map(each => `${each}: passed`),
        ...['there', 'same', 'encrypt'].map(each => `data ${each}: passed`),
        ...['there', 'same', 'sign', 'decrypt'].map(each => `mail ${each}: passed`),
        ...['there', 'same', 'sign', 'agree'].map(each => `web ${each}: passed`),
      ])
    }
    assert.ok(report.keys.every(({ consistent, works }) => consistent && works === 2))
    assert.deepEqual([steps.length, steps.at(-1)], [report.checks.length, 1])
    // Each use is on record.
    const uses = request.uses.map(({ verb, keyName, device }) => `${verb} ${keyName} ${device}`)
    assert.equal(new Set(uses).size, 6)
  })

  test('a token that is pulled, one with a missing key, and ones with another key under its name are told apart', async () => {
    const { bench, tokens } = await opened(await database(), 4)
    await using _ = bench
    const [pulled, short, wrong, renamed] = tokens as [BenchToken, BenchToken, BenchToken, BenchToken]
    bench.pull(pulled)
    const held = (token: BenchToken, label: string) =>
      bench.hsm.devices.hsm(token.path).keys.find(({ info }) => info.label === label)!.info
    await onCard(bench, short, card => card.deleteKey(held(short, 'web').reference))
    const web = held(wrong, 'web')
    await onCard(bench, wrong, async card => {
      const { id, label, reference } = web
      await card.deleteKey(reference)
      await card.generateKeyPair({ kind: 'ec', curve: 'secp256r1' }, { id, label, reference, keyDomain: 0 })
    })
    const data = held(wrong, 'data')
    await onCard(bench, wrong, async card => {
      const { id, label, reference } = data
      await card.deleteKey(reference)
      await card.secretKeys.generate(256, { id, label, reference, keyDomain: 0 })
    })
    const mail = held(renamed, 'mail')
    await onCard(bench, renamed, async card => {
      await card.deleteKey(mail.reference)
      await card.generateKeyPair({ kind: 'rsa', bits: 1024 }, { label: 'mail', keyDomain: 0 })
    })
    const report = await testOf(bench)
    assert.equal(report.state, 'degraded')
    const found = report.problems.map(line => line.replaceAll(/\bid \w+/g, 'id …'))
    assert.deepEqual(
      found.toSorted(),
      [
        `${nameOf(pulled)}: it is offline: pulled`,
        `data version 1 on ${nameOf(wrong)}: what it computes is not what the key would: it is another key`,
        `mail version 1 on ${nameOf(renamed)}: another key is in its place: mail, id …, reference ${mail.reference}`,
        `web version 1 on ${nameOf(short)}: it is not there`,
        `web version 1 on ${nameOf(wrong)}: another key is in its place: web, id …, reference ${web.reference}`,
      ].toSorted(),
    )
    assert.deepEqual(
      report.keys.map(({ version, consistent, works }) => [version.name, consistent, works]),
      [
        ['data', false, 2],
        ['mail', false, 2],
        ['web', false, 1],
      ],
    )
    assert.deepEqual(outcomes(report, pulled).slice(0, 3), [
      'connect: failed, it is offline: pulled',
      'genuine: skipped, it cannot be tested as things are',
      'log-in: skipped, it cannot be tested as things are',
    ])
    const { keys } = await bench.hsm.placement.report(bench.caller, 'pair')
    assert.deepEqual(
      keys.map(({ version, consistency }) => [version.name, consistency]),
      [
        ['data', 'different'],
        ['mail', 'short'],
        ['web', 'different'],
      ],
    )
  })

  test('a token that is logged out is not logged in for it', async () => {
    const { bench, tokens } = await opened(await database(), 1)
    await using _ = bench
    const [token] = tokens as [BenchToken]
    await onCard(bench, token, card => card.logout())
    const report = await testOf(bench)
    assert.equal(report.state, 'failed')
    assert.deepEqual(outcomes(report, token).slice(0, 5), [
      'connect: passed',
      'genuine: passed',
      'log-in: failed, locked, 3 tries left: give the PIN to its agent, or to the service',
      'random: passed',
      'key-domain: passed',
    ])
    assert.match(report.problems.join('\n'), /locked, 3 tries left.*\n(\w+ version 1 works nowhere\n?){3}/)
    const session = bench.hsm.devices.session(token.path)!
    assert.deepEqual([session.state, /^locked, 3 tries/.test(session.reason!)], ['secured', true])
    const again = await testOf(bench)
    assert.deepEqual(outcomes(again, token).slice(0, 2), ['connect: passed', 'genuine: passed'])
    assert.match(outcomes(again, token)[2]!, /^log-in: failed, it is secured: locked, 3 tries left/)
  })

  test('uses that are counted are not spent, and what a key may not do is not tried', async () => {
    const { bench } = await opened(await database(), 1)
    await using _ = bench
    const make = (name: string, more: Partial<KeyRequest>) =>
      bench.hsm.keys.create(bench.caller, { name, group: 'pair', type: types.web, ...more }, signal)
    await make('few', { useCounter: 3 })
    await make('signs', { algorithms: ['ecdsa'] })
    const report = await testOf(bench)
    assert.deepEqual([report.state, report.problems], ['passed', []])
    const counted = 'its uses are counted, and none was spent on a proof'
    const lines = report.checks.flatMap(check =>
      'version' in check && ['few', 'signs'].includes(check.version.name) && check.test !== 'there'
        ? [`${check.version.name} ${check.test}: ${check.outcome}${check.reason ? `, ${check.reason}` : ''}`]
        : [],
    )
    assert.deepEqual(lines, [
      'few same: passed',
      `few sign: skipped, ${counted}`,
      `few agree: skipped, ${counted}`,
      'signs same: passed',
      'signs sign: passed',
      'signs agree: skipped, it is not allowed to agree',
    ])
  })

  test('a token that is lost while it is tested, and a group without any', async () => {
    const { bench, tokens } = await opened(await database(), 2)
    await using _ = bench
    const [stays, goes] = tokens as [BenchToken, BenchToken]
    const report = await bench.hsm.diagnosis.test(bench.caller, 'pair', {
      signal,
      onCheck: ({ member, test }) => {
        if (member.path === goes.path && test === 'random') bench.pull(goes)
      },
    })
    assert.equal(report.state, 'degraded')
    assert.match(outcomes(report, goes)[4]!, /^key-domain: failed, .*pulled/)
    assert.ok(outcomes(report, stays).every(line => line.endsWith(': passed')))
    await bench.hsm.groups.create(bench.caller, { name: 'empty' })
    const empty = await bench.hsm.diagnosis.test(bench.caller, 'empty', { signal })
    assert.deepEqual([empty.state, empty.problems], ['failed', ['no token is in the group']])
    const other = { ...bench.caller, tenant: 'tnt_other' }
    await assert.rejects(
      bench.hsm.diagnosis.test(other, 'pair', { signal }),
      error => error instanceof HsmError && error.code === 'NOT_FOUND',
    )
  })
})
