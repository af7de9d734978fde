/** Every command of the card, for what must be complete: the emulator's table of handlers, and the tests. */
import type { AnyCommand } from '../command.ts'
import { AgreeDomainKey } from './agree-domain-key.ts'
import { ChangeReferenceData } from './change-reference-data.ts'
import { AuthenticateChip, SetSecureMessaging } from './chip-authentication.ts'
import { DeriveKey } from './derive-key.ts'
import { ExternalAuthenticate, SetAuthenticationKey } from './external-authenticate.ts'
import { DeleteFile, EnumerateObjects, ReadBinary, UpdateBinary } from './files.ts'
import { GenerateKeyPair } from './generate-key-pair.ts'
import { GenerateSecretKey } from './generate-secret-key.ts'
import { GetChallenge } from './get-challenge.ts'
import { DeviceStatus, InitializeDevice } from './initialize-device.ts'
import {
  CreateGroupDomain,
  CreateKeyDomain,
  DeleteKeyDomain,
  DeleteKeyEncryptionKey,
  ImportKeyShare,
  QueryKeyDomain,
} from './key-domain.ts'
import {
  AuthenticationKeyInfo,
  AuthenticationStatus,
  RegisterAuthenticationKey,
  ReplaceAuthenticationKey,
} from './public-key-authentication.ts'
import { ResetRetryCounter } from './reset-retry-counter.ts'
import { SelectApplication, SelectFile, SelectPath } from './select.ts'
import { MakeSessionPin } from './session-pin.ts'
import { Decipher, Sign } from './use-key.ts'
import { UseSecretKey } from './use-secret-key.ts'
import { Verify } from './verify.ts'
import { SetVerificationKey, VerifyCertificate } from './verify-certificate.ts'
import { UnwrapKey, WrapKey } from './wrap.ts'

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
  GenerateSecretKey,
  Sign,
  Decipher,
  UseSecretKey,
  DeriveKey,
  SetSecureMessaging,
  AuthenticateChip,
  SetVerificationKey,
  VerifyCertificate,
  AuthenticationStatus,
  RegisterAuthenticationKey,
  ReplaceAuthenticationKey,
  AuthenticationKeyInfo,
  SetAuthenticationKey,
  ExternalAuthenticate,
  MakeSessionPin,
  QueryKeyDomain,
  ImportKeyShare,
  CreateKeyDomain,
  CreateGroupDomain,
  DeleteKeyDomain,
  DeleteKeyEncryptionKey,
  AgreeDomainKey,
  WrapKey,
  UnwrapKey,
} as const satisfies Record<string, AnyCommand>
