/** The key by which a service knows an agent: Ed25519, in a file of this user alone. */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { readOrMake } from './atomic-file.ts'
import { CliError } from './errors.ts'

/**
 * @param path of the file, which is made if it is not there
 * @throws CliError if others can read it, or something else stands in it
 */
export async function agentKey(path: string): Promise<KeyObject> {
  const pem = await readOrMake(path, newKey)
  if (((await stat(path)).mode & 0o077) !== 0) {
    throw new CliError('usage', `${path} can be read by other users, so whose key it is nobody knows`, [
      `if nobody has: \`chmod 600 ${path}\`; otherwise delete it, and enrol the agent again`,
    ])
  }
  const key = parsed(pem)
  if (key?.asymmetricKeyType === 'ed25519') return key
  throw new CliError('usage', `wanted a private Ed25519 key in PEM form in ${path}`, [
    'name a file that is not there: it is made',
  ])
}

function newKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString().trimEnd()
}

function parsed(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem)
  } catch {
    return undefined
  }
}
