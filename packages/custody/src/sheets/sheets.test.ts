import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fromHex, toHex } from '@keytether/codec'
import fc from 'fast-check'
import decodeQR from 'qr/decode.js'
import { CustodyError } from '../errors.ts'
import { printHtml, printSvg } from './print-svg.ts'
import { printText } from './print-text.ts'
import { readShareFileSheet, shareFileSheet } from './share-file-sheet.ts'
import type { Sheet } from './sheet.ts'

const file = fromHex(
  '53616c7465645f5f3b2b00cce8b70b2b7f0d0b632c92f3cbdd2e91f3f4f1f65593c2afd11409a9990b89aec513664b5c36e57ce8af10746eed02442be23209b9',
)
const base64 = 'U2FsdGVkX187KwDM6LcLK38NC2MskvPL3S6R8/Tx9lWTwq/RFAmpmQuJrsUTZktcNuV86K8QdG7tAkQr4jIJuQ=='
const sheet = shareFileSheet(file, 'web-1.pbe')
const [words, lines] = sheet.parts.map(({ rows }) => rows)
const bare = (rows: readonly string[]) => rows.map(row => row.replace(/^ *\d+ +/, '').replace(/ +#.*/, ''))

/** The modules of a QR code that was printed as text. */
function printedModules(text: string): boolean[][] {
  const rows = text.split('\n').filter(line => /^[ ▄▀█]*[▄▀█]/.test(line))
  const width = Math.max(...rows.map(row => row.length)) + 4
  const halves = rows.flatMap(row => ['▀█', '▄█'].map(dark => [...row.padEnd(width)].map(c => dark.includes(c))))
  const quiet = Array.from({ length: 4 }, () => Array<boolean>(width).fill(false))
  return [...quiet, ...halves, ...quiet]
}

/** The same of one that was drawn. */
function drawnModules(svg: string): boolean[][] {
  const squares = [...svg.matchAll(/M(\d+) (\d+)h1v1h-1z/g)].map(([, x, y]) => `${x} ${y}`)
  const size = 4 + Math.max(...squares.map(square => Number(square.split(' ')[0]) + 1))
  return Array.from({ length: size }, (_, y) => Array.from({ length: size }, (_, x) => squares.includes(`${x} ${y}`)))
}

/** What a camera reads, eight pixels a module. */
function scanned(modules: boolean[][]): string {
  const size = 8
  const width = modules[0]!.length * size
  const height = modules.length * size
  const data = new Uint8Array(width * height * 4).fill(255)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const dark = modules[Math.floor(y / size)]![Math.floor(x / size)]
      if (dark) data.fill(0, 4 * (y * width + x), 4 * (y * width + x) + 3)
    }
  }
  return decodeQR({ width, height, data })
}

describe('what is printed is read', () => {
  const inputs: [string, string][] = [
    ['the whole sheet', printText(sheet)],
    ['its words', words!.join('\n')],
    ['words and nothing else', bare(words!).join(' ')],
    ['rows without their checks', words!.map(row => row.replace(/#.*/, '')).join('\n')],
    ['four letters of each word', words!.map(row => row.replaceAll(/\b([a-z]{4})[a-z]+/g, '$1')).join('\n')],
    ['capitals, dots and spaces', words!.map(row => row.toUpperCase().replace(/(\d) {2}/, '$1.    ')).join('\r\n')],
    ['its base64', lines!.join('\n')],
    ['base64 as OpenSSL has it', `${base64.slice(0, 64)}\n${base64.slice(64)}\n`],
    ['the QR code', scanned(printedModules(printText(sheet)))],
    ['the QR code of a drawing', scanned(drawnModules(printSvg(sheet)))],
  ]
  for (const [name, text] of inputs) test(name, () => assert.equal(toHex(readShareFileSheet(text)), toHex(file)))

  test('any file', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 56, maxLength: 56 }), content => {
        const any = Uint8Array.from([...file.subarray(0, 8), ...content])
        const [words, base64] = shareFileSheet(any, 'any').parts
        assert.equal(toHex(readShareFileSheet(words!.rows.join('\n'))), toHex(any))
        assert.equal(toHex(readShareFileSheet(base64!.rows.join('\n'))), toHex(any))
      }),
    )
  })
})

describe('what was not printed is told', () => {
  const word = (row: number, from: string, to: string) =>
    words!.map((text, i) => (i === row ? text.replace(from, to) : text))
  const exchanged = (rows: readonly string[]) =>
    rows.with(1, rows[2]!.replace('3', '2')).with(2, rows[1]!.replace('2', '3'))
  const inputs: [string, string, RegExp][] = [
    ['a word that there is not', word(1, 'goose', 'gooose').join('\n'), /word 3 of row 2, "gooose", .*: good, goose\?/],
    ['the same without rows', bare(words!).join(' ').replace('goose', 'xyz'), /word 10, "xyz", is not in the list$/],
    ['another word', word(3, 'blade', 'blanket').join('\n'), /row 4 is not what was printed: .* #db0c/],
    ['another word, no checks', bare(words!).join(' ').replace('blade', 'blanket'), /words 22 to 42: one of them/],
    ['words exchanged, no checks', bare(words!).join(' ').replace('depth fix', 'fix depth'), /words 1 to 21: /],
    ['rows exchanged', exchanged(words!).join('\n'), /row 2 is not what was printed/],
    ['a row missing', words!.toSpliced(2, 1).join('\n'), /wanted row 3, got row 4/],
    ['the last row missing', words!.slice(0, -1).join('\n'), /wanted 42 words, got 35/],
    ['base64 with a wrong letter', lines!.join('\n').replace('MskvPL', 'MskvPl'), /row 2 is not what was printed/],
    ['base64 cut short', base64.slice(0, -4), /63 bytes instead of 64/],
    ['base64 of something else', Buffer.alloc(64).toString('base64'), /does not start with "Salted__"/],
    ['prose', 'Dear custodian, this is not it.', /nothing of a share file in this/],
    ['nothing', '', /nothing of a share file in this/],
  ]
  for (const [name, text, message] of inputs) {
    test(name, () => assert.throws(() => readShareFileSheet(text), { name: 'CustodyError', message }))
  }
})

test('any text is a share file, or it is told what is wrong with it', () => {
  const pieces = fc.constantFrom(
    ...words!,
    ...lines!,
    ...bare(words!).join(' ').split(' '),
    'Salted__',
    '#0000',
    ' 1 ',
    '\n',
  )
  const texts = fc.oneof(
    fc.string(),
    fc.array(pieces).map(parts => parts.join(' ')),
    fc.base64String(),
  )
  fc.assert(
    fc.property(texts, text => {
      try {
        assert.equal(readShareFileSheet(text).length, 64)
      } catch (error) {
        assert.ok(error instanceof CustodyError, String(error))
      }
    }),
  )
})

describe('printed', () => {
  test('as SVG and HTML: all rows, a QR code, and no way for a name to become markup', () => {
    const odd: Sheet = { ...sheet, fields: [['File', '<script>&"']] }
    for (const page of [printSvg(odd), printHtml(odd)]) {
      for (const row of [...words!, ...lines!]) assert.ok(page.includes(`>${row}<`), row)
      assert.match(page, /<path transform="translate\(20 [\d.]+\) scale\([\d.]+\)" .* d="M4 4h1v1h-1z/)
      assert.match(page, /&lt;script&gt;&amp;&quot;/)
      assert.doesNotMatch(page, /<script|https?:\/\/(?!www\.w3\.org\/2000\/svg)/)
    }
    const last = Math.max(...[...printSvg(sheet).matchAll(/ y="([\d.]+)"/g)].map(([, y]) => Number(y)))
    assert.ok(last < 290, `fits on a page: ${last} mm`)
  })

  test('on a terminal, the QR code brings its colours', () => {
    const code = printText(sheet, { terminal: true })
      .split('\n')
      .filter(line => line.startsWith('\x1b[30;107m') && line.endsWith('\x1b[0m'))
    assert.ok(code.length > 20)
  })

  test('where it does not fit, the QR code is left out', () => {
    const lines = printText(sheet).split('\n').length
    assert.equal(printText(sheet, { lines }), printText(sheet))
    const short = printText(sheet, { lines: lines - 1 })
    assert.doesNotMatch(short, /█/)
    assert.equal(toHex(readShareFileSheet(short)), toHex(file))
  })
})
