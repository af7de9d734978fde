/** Reading what the server wants. */
import { type CommandElement, CommandTemplate } from '@keytether/card'
import { anyTlv, DecodeError, decode, Reader } from '@keytether/codec'
import { SessionError } from './errors.ts'

const commandTemplate = 0xaa
const maxValue = 0xffff
/** Servers may write lengths longer than they need to be. */
const lenient = { lengths: 'any' } as const

/**
 * The elements of a command template, before any of them is carried out. Bytes after the template are ignored.
 *
 * @throws SessionError `TEMPLATE`, `ENCODING`, `ELEMENT`
 */
export function readTemplate(body: Uint8Array): CommandElement[] {
  const template = body.slice(0, outerLength(body))
  try {
    return decode(CommandTemplate, template, lenient)
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause
    const code = cause.code === 'TAG' ? 'ELEMENT' : 'ENCODING'
    throw new SessionError(code, `the server's command template is malformed: ${cause.message}`, { cause })
  }
}

function outerLength(body: Uint8Array): number {
  const reader = new Reader(body, lenient)
  try {
    const { tag, value } = anyTlv.read(reader)
    if (tag === commandTemplate && value.length <= maxValue) return reader.offset
    throw new SessionError('TEMPLATE', 'the answer is not a command template; is the URL one for card sides?')
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause
    throw new SessionError('TEMPLATE', `the answer is not a command template: ${cause.message}`, { cause })
  }
}
