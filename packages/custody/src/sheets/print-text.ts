/** Sheets as text. */
import encodeQR from 'qr'
import type { Sheet } from './sheet.ts'

export interface TextOptions {
  /** For a terminal, whose colours are not known: the QR code says its own. Otherwise dark is ink, as on paper. */
  readonly terminal?: boolean
  /** How many lines there are: where the QR code does not fit, it is left out. */
  readonly lines?: number | undefined
}

export function printText({ title, fields, parts, qrCode, notes }: Sheet, options: TextOptions = {}): string {
  const width = Math.max(...fields.map(([name]) => name.length))
  const sections = (...drawn: string[][]) => [
    [title],
    fields.map(([name, value]) => `${name.padEnd(width)} : ${value}`),
    ...parts.map(({ heading, rows }) => [`${heading}:`, ...rows]),
    ...drawn,
    [...notes],
  ]
  const text = (parts: string[][]) => `${parts.map(lines => lines.join('\n')).join('\n\n')}\n`
  const whole = text(sections(qrLines(qrCode, options)))
  const { lines = Number.POSITIVE_INFINITY } = options
  return whole.split('\n').length <= lines ? whole : text(sections())
}

/** Two modules in a character, one above the other. */
function qrLines(text: string, { terminal = false }: TextOptions): string[] {
  const modules = encodeQR(text, 'raw', { ecc: 'medium', border: 4 })
  const lines = Array.from({ length: Math.ceil(modules.length / 2) }, (_, i) => {
    const [upper = [], lower = []] = [modules[2 * i], modules[2 * i + 1]]
    return upper.map((dark, x) => [' ', '▄', '▀', '█'][2 * Number(dark) + Number(lower[x] ?? false)]).join('')
  })
  return terminal ? lines.map(line => `\x1b[30;107m${line}\x1b[0m`) : lines.map(line => line.trimEnd())
}
