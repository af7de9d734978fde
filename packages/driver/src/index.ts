export type { AttestedKeys, NotAttested } from './attest.ts'
export type {
  Authentication,
  AuthenticationChallenge,
  AuthenticationKey,
  AuthenticationOutcome,
  AuthenticationStatus,
  ChallengeOutcome,
  KeyHolder,
} from './authentication.ts'
export { DriverError, type DriverErrorCode } from './errors.ts'
export { isExchangeKey } from './groups.ts'
export { keyDomainState } from './key-domains.ts'
export type { Exchange, Watch } from './link.ts'
export { openPcsc, type PcscChannel } from './pcsc/channel.ts'
export { listReaders } from './pcsc/context.ts'
export { PcscError, type PcscErrorCode } from './pcsc/errors.ts'
export { type ReaderChange, watchReaders } from './pcsc/watch.ts'
export type { KeyUse } from './prove.ts'
export type { SecretKeys } from './secret-keys.ts'
export { type OpenOptions, SmartCardHsm } from './smart-card-hsm.ts'
export { askForAnswer } from './transfer/answer.ts'
export type {
  Answer,
  StoredCertificate,
  StoredData,
  StoredKey,
  TokenContent,
} from './transfer/content.ts'
export { type ImportedKey, importedKey } from './transfer/imported-key.ts'
export { type KeyStep, planTransfer, type Step, type TransferPlan } from './transfer/plan.ts'
export { type Proof, type Proving, prove } from './transfer/prove.ts'
export { readToken } from './transfer/read-token.ts'
export { isRefusal } from './transfer/refusal.ts'
export { readTarget, type Target } from './transfer/target.ts'
export { type TransferOutcome, type Transferred, transfer } from './transfer/transfer.ts'
export type {
  CertificateInfo,
  DataInfo,
  DecryptionScheme,
  DerivedKeyAttributes,
  DeviceStatus,
  Identity,
  Initialization,
  Inventory,
  KeyAttributes,
  KeyDomainInfo,
  KeyInfo,
  KeySpec,
  PinOutcome,
  PinRole,
  PinStatus,
  SignatureScheme,
  UnwrapOptions,
  Version,
} from './types.ts'
