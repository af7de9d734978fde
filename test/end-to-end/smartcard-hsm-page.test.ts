/** The page about the card is held against what the card has: no command, option or algorithm without its row. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { algorithm, commands, deviceOptions, InitializeDevice } from '@keytether/card'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/smartcard-hsm.md'), 'utf8')

type Row = Record<string, string>

/** The rows of the table under a heading, by the names of its columns. */
function table(heading: string): Row[] {
  const [, section = ''] = page.split(`\n## ${heading}\n`)
  const lines = section.split('\n## ')[0]!.split('\n')
  const cells = lines
    .filter(line => line.startsWith('|') && !line.startsWith('|---'))
    .map(line =>
      line
        .split('|')
        .slice(1, -1)
        .map(cell => cell.trim()),
    )
  const [head = [], ...rows] = cells
  return rows.map(row => {
    assert.equal(row.length, head.length, row.join(' | '))
    return Object.fromEntries(head.map((name, index) => [name, row[index]!]))
  })
}

const names = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(match => match[1]!)
const firsts = (rows: readonly Row[], column: string) => rows.map(row => names(row[column])[0])

/** `interop/opensc-ec` is a test, `card/cvc/chain` one beside the source. */
function testFile(name: string): string {
  const [part, ...rest] = name.split('/')
  const isPackage = existsSync(join(root, 'packages', part!))
  return isPackage ? `packages/${part}/src/${rest.join('/')}.test.ts` : `test/${name}.test.ts`
}

const testedRows = ['Commands', 'Options of initialisation', 'Algorithms', 'Files and documents'].flatMap(table)

test('each command has its row', () => {
  assert.deepEqual(firsts(table('Commands'), 'command').sort(), Object.keys(commands).sort())
})

test('each option and each object of initialisation has its row', () => {
  const rows = table('Options of initialisation')
  const bits = rows.filter(row => row['bit or object']!.length === 4)
  assert.deepEqual(
    Object.fromEntries(bits.map(row => [names(row.option)[0], Number.parseInt(row['bit or object']!, 16)])),
    deviceOptions,
  )
  const objects = rows.filter(row => !bits.includes(row))
  const samples = {
    options: 1,
    userPin: new Uint8Array(6),
    soPin: new Uint8Array(8),
    pinTries: 3,
    dkekShares: 1,
    publicKeyAuthentication: { total: 1, required: 1 },
    biometricServer1: new Uint8Array(5),
    biometricServer2: new Uint8Array(5),
    keyDomains: 1,
  }
  assert.deepEqual(firsts(objects, 'option').sort(), Object.keys(samples).sort())
  // Each is written under the tag that its row gives.
  const needed = { options: samples.options, soPin: samples.soPin }
  const dataOf = (data: object) => InitializeDevice.encodeRequest({}, { ...needed, ...data }).subarray(5)
  for (const row of objects) {
    const [name] = names(row.option) as [keyof typeof samples]
    const data = dataOf({ [name]: samples[name] })
    const tags: number[] = []
    for (let at = 0; at < data.length; at += 2 + data[at + 1]!) tags.push(data[at]!)
    assert.ok(tags.includes(Number.parseInt(row['bit or object']!, 16)), name)
  }
})

test('each algorithm has its row', () => {
  const identifiers = Object.values(algorithm).map(id => id.toString(16).padStart(2, '0'))
  assert.deepEqual(firsts(table('Algorithms'), 'identifier').sort(), identifiers.sort())
})

test('the tests that rows name are there, and each row names one unless the thing is not built', () => {
  for (const row of testedRows) {
    const [what] = Object.values(row)
    const tests = names(row['tested with']).filter(name => name.includes('/'))
    for (const name of tests) {
      const path = testFile(name)
      assert.ok(existsSync(join(root, path)), `${what}: ${path}`)
    }
    const built = [row.driver, row.emulator, row.read].some(cell => cell !== undefined && cell !== 'no')
    if (built) assert.ok(tests.length > 0, `${what}: which test?`)
  }
})

test('each doubt that a row names is explained', () => {
  const explained = table('Where sources disagree').map(row => row.number)
  assert.equal(new Set(explained).size, explained.length)
  const parts = testedRows.flatMap(row => row.doubts?.split(/[;,]/).map(part => part.trim()) ?? [])
  const named = new Set(parts.filter(part => /^\d+[a-z]?$/.test(part)))
  assert.deepEqual(
    [...named].filter(number => !explained.includes(number)),
    [],
  )
  assert.deepEqual(
    explained.filter(number => !named.has(number!)),
    [],
  )
})
