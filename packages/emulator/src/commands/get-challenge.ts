/** GET CHALLENGE. */
import { randomBytes } from 'node:crypto'
import { authenticationChallengeLength, type GetChallenge } from '@keytether/card'
import type { Handler } from '../handler.ts'

const longest = 1024

export const getChallenge: Handler<typeof GetChallenge> = ({ session }, { le }) => {
  if (le === undefined || le > longest) return { status: 'wrongLength' }
  const bytes = randomBytes(le)
  // The challenge that a key may sign, once; an older one is forgotten.
  session.challenge = le === authenticationChallengeLength ? bytes : undefined
  return { status: 'ok', data: bytes }
}
