/** The roots that a genuine device may descend from: CardContact's, and those that the operator names. */
import { readFile } from 'node:fs/promises'
import type { TrustRoot } from '@keytether/card'
import type { Command } from 'commander'
import { CliError } from './errors.ts'

export interface TrustOptions {
  readonly trust?: readonly string[]
}

/** Whose root it is. */
export const rootMeaning = {
  production: 'CardContact, devices sold',
  test: 'CardContact, devices for tests',
  own: 'not CardContact: a root of your own',
} as const satisfies Record<TrustRoot['kind'], string>

export function trustOptions(command: Command): Command {
  return command.option('--trust <file...>', 'Also trust the root certificate (CVC) in a file, for devices of your own')
}

export async function trustedRoots(options: TrustOptions): Promise<TrustRoot[]> {
  const { cardContactRoots } = await import('@keytether/card')
  return [...cardContactRoots, ...(await Promise.all((options.trust ?? []).map(readRoot)))]
}

async function readRoot(file: string): Promise<TrustRoot> {
  const { Certificate, verifyCertificate } = await import('@keytether/card')
  const { DecodeError, decode } = await import('@keytether/codec')
  const content = await readFile(file)
  try {
    const certificate = decode(Certificate, content)
    if (verifyCertificate(certificate, certificate.body.value.publicKey)) return { kind: 'own', certificate }
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause
    throw new CliError('failed', `${file} is not a card-verifiable certificate: ${cause.message}`, [rootHint], {
      cause,
    })
  }
  throw new CliError('failed', `${file} is not a root: it is not signed with its own key`, [rootHint])
}

const rootHint = '`keytether emulator root > root.cvc` writes the root of the emulated tokens'
