/**
 * Use of a secret key: AES-CBC, AES-CMAC, and derivation of other secrets.
 *
 * @module
 */
import { secret } from '@keytether/codec'
import { command, opaque } from '../command.ts'
import { useKeyParams, useKeyStatus } from './use-key.ts'

/**
 * CBC: one or more blocks of 16 bytes, and as many back; the initialisation vector is zero and nothing is padded. CMAC: any
 * message, and its 16 bytes. Derivation: a label, and 32 bytes.
 */
export const UseSecretKey = command({
  name: 'USE SECRET KEY',
  cla: 0x80,
  ins: 0x78,
  params: useKeyParams,
  data: secret(opaque),
  response: secret(opaque),
  le: 0x10000,
  status: useKeyStatus,
})
