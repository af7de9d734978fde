/** Who carries out each command. A command without a handler does not compile. */
import type { commands } from '@keytether/card'
import { agreeDomainKey } from './commands/agree-domain-key.ts'
import { changeReferenceData } from './commands/change-reference-data.ts'
import { authenticateChip, setSecureMessaging } from './commands/chip-authentication.ts'
import { deriveKey } from './commands/derive-key.ts'
import { externalAuthenticate, setAuthenticationKey } from './commands/external-authenticate.ts'
import { deleteFile, enumerateObjects, readBinary, updateBinary } from './commands/files.ts'
import { generateKeyPair } from './commands/generate-key-pair.ts'
import { generateSecretKey } from './commands/generate-secret-key.ts'
import { getChallenge } from './commands/get-challenge.ts'
import { deviceStatus, initializeDevice } from './commands/initialize-device.ts'
import {
  createGroupDomain,
  createKeyDomain,
  deleteKeyDomain,
  deleteKeyEncryptionKey,
  importKeyShare,
  queryKeyDomain,
} from './commands/key-domain.ts'
import {
  authenticationKeyInfo,
  authenticationStatus,
  registerAuthenticationKey,
  replaceAuthenticationKey,
} from './commands/public-key-authentication.ts'
import { resetRetryCounter } from './commands/reset-retry-counter.ts'
import { selectApplication, selectFile, selectPath } from './commands/select.ts'
import { makeSessionPin } from './commands/session-pin.ts'
import { decipher, sign } from './commands/use-key.ts'
import { useSecretKey } from './commands/use-secret-key.ts'
import { verify } from './commands/verify.ts'
import { setVerificationKey, verifyCertificate } from './commands/verify-certificate.ts'
import { unwrapKey, wrapKey } from './commands/wrap.ts'
import type { Handler } from './handler.ts'

type Commands = typeof commands
export type CommandName = keyof Commands

export const handlers: { readonly [Name in CommandName]: Handler<Commands[Name]> } = {
  SelectApplication: selectApplication,
  SelectFile: selectFile,
  SelectPath: selectPath,
  Verify: verify,
  ChangeReferenceData: changeReferenceData,
  ResetRetryCounter: resetRetryCounter,
  InitializeDevice: initializeDevice,
  DeviceStatus: deviceStatus,
  GetChallenge: getChallenge,
  EnumerateObjects: enumerateObjects,
  ReadBinary: readBinary,
  UpdateBinary: updateBinary,
  DeleteFile: deleteFile,
  GenerateKeyPair: generateKeyPair,
  GenerateSecretKey: generateSecretKey,
  Sign: sign,
  Decipher: decipher,
  UseSecretKey: useSecretKey,
  DeriveKey: deriveKey,
  SetSecureMessaging: setSecureMessaging,
  AuthenticateChip: authenticateChip,
  SetVerificationKey: setVerificationKey,
  VerifyCertificate: verifyCertificate,
  AuthenticationStatus: authenticationStatus,
  RegisterAuthenticationKey: registerAuthenticationKey,
  ReplaceAuthenticationKey: replaceAuthenticationKey,
  AuthenticationKeyInfo: authenticationKeyInfo,
  SetAuthenticationKey: setAuthenticationKey,
  ExternalAuthenticate: externalAuthenticate,
  MakeSessionPin: makeSessionPin,
  QueryKeyDomain: queryKeyDomain,
  ImportKeyShare: importKeyShare,
  CreateKeyDomain: createKeyDomain,
  CreateGroupDomain: createGroupDomain,
  DeleteKeyDomain: deleteKeyDomain,
  DeleteKeyEncryptionKey: deleteKeyEncryptionKey,
  AgreeDomainKey: agreeDomainKey,
  WrapKey: wrapKey,
  UnwrapKey: unwrapKey,
}
