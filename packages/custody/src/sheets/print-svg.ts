/** Sheets for a printer: one page of A4 in SVG, or pages in one HTML file that needs nothing else. */
import encodeQR from 'qr'
import type { Sheet } from './sheet.ts'

const page = { width: 210, height: 297 }
const margin = 20
const lineHeight = 5.5
const qrWidth = 60

/** Sizes are in millimetres. */
export function printSvg({ title, fields, parts, qrCode, notes }: Sheet): string {
  let y = margin
  const line = (text: string, size = 3.6, font = 'monospace') => {
    y += lineHeight
    return `<text x="${margin}" y="${y.toFixed(1)}" font-family="${font}" font-size="${size}" xml:space="preserve">${escaped(text)}</text>`
  }
  const gap = () => {
    y += lineHeight
  }
  const lines: string[] = [line(title, 5, 'sans-serif')]
  gap()
  for (const [name, value] of fields) lines.push(line(`${name}: ${value}`, 3.6, 'sans-serif'))
  for (const { heading, rows } of parts) {
    gap()
    lines.push(line(`${heading}:`, 3.6, 'sans-serif'), ...rows.map(row => line(row)))
  }
  gap()
  lines.push(qrPath(qrCode, margin, y))
  y += qrWidth
  gap()
  for (const note of notes) lines.push(line(note, 3.2, 'sans-serif'))
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${page.width}mm" height="${page.height}mm" viewBox="0 0 ${page.width} ${page.height}">
<rect width="100%" height="100%" fill="white"/>
${lines.join('\n')}
</svg>
`
}

export function printHtml(sheet: Sheet): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${escaped(sheet.title)}</title>
<style>@page { size: A4; margin: 0 } body { margin: 0 } svg { display: block; margin: auto }</style>
${printSvg(sheet)}</html>
`
}

function qrPath(text: string, x: number, y: number): string {
  const modules = encodeQR(text, 'raw', { ecc: 'medium', border: 4 })
  const dark = modules.flatMap((row, top) => row.flatMap((module, left) => (module ? [`M${left} ${top}h1v1h-1z`] : [])))
  const scale = (qrWidth / modules.length).toFixed(4)
  return `<path transform="translate(${x} ${y.toFixed(1)}) scale(${scale})" shape-rendering="crispEdges" d="${dark.join('')}"/>`
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function escaped(text: string): string {
  return text.replaceAll(/[&<>"]/g, character => entities[character]!)
}
