/** Where the service finds what opens its secrets, when nobody is there to give it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromHex } from '@keytether/codec'
import type { MasterKey } from '@keytether/hsm'
import { z } from 'zod'

export type Environment = Readonly<Record<string, string | undefined>>

/** @param text the name of a file, which becomes its content */
export function masterKeySetting(text: z.ZodType<string, string>, environment: Environment) {
  return z
    .strictObject({
      /** 64 hexadecimal digits. */
      file: text.optional(),
      /** One line. */
      passphraseFile: text.optional(),
      /** The name of a variable with 64 hexadecimal digits. */
      environment: z.string().optional(),
      /** The name of a systemd credential, with 64 hexadecimal digits. */
      credential: z
        .string()
        .regex(/^[A-Za-z0-9][\w.-]*$/, 'wanted the name of a credential')
        .optional(),
    })
    .transform((given, context): MasterKey => {
      const found = masterKeyOf(given, environment)
      if (typeof found !== 'string') return found
      context.issues.push({ code: 'custom', message: found, input: undefined })
      return z.NEVER
    })
}

interface Sources {
  readonly file?: string | undefined
  readonly passphraseFile?: string | undefined
  readonly environment?: string | undefined
  readonly credential?: string | undefined
}

/** @returns a text if it is none: what is wrong */
function masterKeyOf(
  { file, passphraseFile, environment: name, credential }: Sources,
  environment: Environment,
): MasterKey | string {
  const given = [file, passphraseFile, name, credential].filter(one => one !== undefined)
  if (given.length !== 1) return 'wanted one of file, passphraseFile, environment and credential'
  if (passphraseFile !== undefined) {
    const [passphrase = ''] = passphraseFile.split(/\r?\n/)
    return [...passphrase].length < 12 ? 'wanted a passphrase of at least 12 characters' : { passphrase }
  }
  if (credential === undefined) return keyOf(file ?? environment[name!] ?? '')
  const folder = environment.CREDENTIALS_DIRECTORY
  if (folder === undefined) return 'there are no credentials here: systemd gives them, with LoadCredential= in the unit'
  try {
    return keyOf(readFileSync(join(folder, credential), 'utf8'))
  } catch (error) {
    return `cannot read the credential ${credential}: ${(error as NodeJS.ErrnoException).code}`
  }
}

function keyOf(text: string): MasterKey | string {
  const digits = text.trim()
  return /^[0-9a-f]{64}$/i.test(digits) ? { key: fromHex(digits) } : 'wanted a master key of 64 hexadecimal digits'
}
