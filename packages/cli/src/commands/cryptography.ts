/** The commands that use keys of a service. */
import type { Command } from 'commander'
import { dataKeys } from './cryptography/data-keys.ts'
import { decrypt } from './cryptography/decrypt.ts'
import { derive } from './cryptography/derive.ts'
import { encrypt } from './cryptography/encrypt.ts'
import { random } from './cryptography/random.ts'
import { rewrap } from './cryptography/rewrap.ts'
import { sign } from './cryptography/sign.ts'
import { verify } from './cryptography/verify.ts'

export function cryptography(program: Command): void {
  for (const declare of [sign, verify, encrypt, decrypt, rewrap, dataKeys, derive, random]) declare(program)
}
