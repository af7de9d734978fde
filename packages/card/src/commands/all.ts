/** Every command of the card, for what must be complete: the emulator's table of handlers, and the tests. */
import type { AnyCommand } from '../command.ts'
import { ChangeReferenceData } from './change-reference-data.ts'
import { AuthenticateChip, SetSecureMessaging } from './chip-authentication.ts'
import { DeleteFile, EnumerateObjects, ReadBinary, UpdateBinary } from './files.ts'
import { GenerateKeyPair } from './generate-key-pair.ts'
import { GetChallenge } from './get-challenge.ts'
import { DeviceStatus, InitializeDevice } from './initialize-device.ts'
import { ResetRetryCounter } from './reset-retry-counter.ts'
import { SelectApplication, SelectFile, SelectPath } from './select.ts'
import { Decipher, Sign } from './use-key.ts'
import { Verify } from './verify.ts'

export const commands = {
  SelectApplication,
  SelectFile,
  SelectPath,
  Verify,
  ChangeReferenceData,
  ResetRetryCounter,
  InitializeDevice,
  DeviceStatus,
  GetChallenge,
  EnumerateObjects,
  ReadBinary,
  UpdateBinary,
  DeleteFile,
  GenerateKeyPair,
  Sign,
  Decipher,
  SetSecureMessaging,
  AuthenticateChip,
} as const satisfies Record<string, AnyCommand>
