/** GET CHALLENGE. */
import { randomBytes } from 'node:crypto'
import type { GetChallenge } from '@keytether/card'
import type { Handler } from '../handler.ts'

const longest = 1024

export const getChallenge: Handler<typeof GetChallenge> = (_card, { le }) => {
  if (le === undefined || le > longest) return { status: 'wrongLength' }
  return { status: 'ok', data: randomBytes(le) }
}
