/** Where the service finds what opens its secrets, when nobody is there to give it. */
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
}

/** @returns a text if it is none: what is wrong */
function masterKeyOf(
  { file, passphraseFile, environment: name }: Sources,
  environment: Environment,
): MasterKey | string {
  const given = [file, passphraseFile, name].filter(one => one !== undefined)
  if (given.length !== 1) return 'wanted one of file, passphraseFile and environment'
  if (passphraseFile !== undefined) {
    const [passphrase = ''] = passphraseFile.split(/\r?\n/)
    return [...passphrase].length < 12 ? 'wanted a passphrase of at least 12 characters' : { passphrase }
  }
  const digits = (file ?? environment[name!] ?? '').trim()
  return /^[0-9a-f]{64}$/i.test(digits) ? { key: fromHex(digits) } : 'wanted a master key of 64 hexadecimal digits'
}
