export { AesCbc, cmac } from './aes.ts'
export {
  type CommandApdu,
  decodeCommand,
  decodeResponse,
  encodeCommand,
  encodeResponse,
  type ResponseApdu,
} from './apdu.ts'
export {
  Attestation,
  type AttestedKey,
  type ToldByCard,
  type ToldKeyDomain,
  toldDocument,
} from './attestation/attestation.ts'
export {
  type AttestationFailure,
  type AttestationVerdict,
  type KeyVerdict,
  verifyAttestation,
  verifyAttestedRequest,
} from './attestation/verify.ts'
export type { Channel } from './channel.ts'
export {
  type AnyCommand,
  type Command,
  command,
  type DataOf,
  type Outcome,
  type OutcomeOf,
  type ParamsOf,
  type ReadOptions,
  type RequestOptions,
  type StatusMap,
} from './command.ts'
export { AgreeDomainKey } from './commands/agree-domain-key.ts'
export { commands } from './commands/all.ts'
export { ChangeReferenceData } from './commands/change-reference-data.ts'
export { AuthenticateChip, SetSecureMessaging } from './commands/chip-authentication.ts'
export { DeriveKey } from './commands/derive-key.ts'
export {
  authenticationChallengeLength,
  authenticationMessage,
  ExternalAuthenticate,
  SetAuthenticationKey,
} from './commands/external-authenticate.ts'
export {
  currentFile,
  DeleteFile,
  EnumerateObjects,
  type FileKind,
  fid,
  fileId,
  filePrefix,
  ReadBinary,
  UpdateBinary,
} from './commands/files.ts'
export { GenerateKeyPair } from './commands/generate-key-pair.ts'
export { GenerateSecretKey } from './commands/generate-secret-key.ts'
export { GetChallenge } from './commands/get-challenge.ts'
export { DeviceStatus, deviceOptions, InitializeDevice } from './commands/initialize-device.ts'
export {
  CreateGroupDomain,
  CreateKeyDomain,
  DeleteKeyDomain,
  DeleteKeyEncryptionKey,
  ImportKeyShare,
  QueryKeyDomain,
} from './commands/key-domain.ts'
export {
  AuthenticationKeyInfo,
  AuthenticationStatus,
  RegisterAuthenticationKey,
  ReplaceAuthenticationKey,
} from './commands/public-key-authentication.ts'
export { ResetRetryCounter } from './commands/reset-retry-counter.ts'
export {
  ApplicationParameters,
  type ApplicationVersion,
  applicationId,
  FileParameters,
  SelectApplication,
  SelectFile,
  SelectPath,
} from './commands/select.ts'
export { MakeSessionPin } from './commands/session-pin.ts'
export { type AlgorithmName, algorithm, Decipher, Sign } from './commands/use-key.ts'
export { UseSecretKey } from './commands/use-secret-key.ts'
export { Verify } from './commands/verify.ts'
export { SetVerificationKey, VerifyCertificate } from './commands/verify-certificate.ts'
export { UnwrapKey, WrapKey } from './commands/wrap.ts'
export { AuthenticatedRequest, Certificate, CertificateBody, DeviceCertificates } from './cvc/certificate.ts'
export {
  type ChainFailure,
  inheritDomain,
  isPublicKey,
  roleLevel,
  type TrustRoot,
  type VerifiedChain,
  verifyChain,
} from './cvc/chain.ts'
export { type Curve, type CurveName, curveByName, curveOf, curves } from './cvc/curves.ts'
export { derivedPublicKey } from './cvc/derived-key.ts'
export { issueCertificate, issueOwnRequest, issueRequest, type RequestIssue, type SignBytes } from './cvc/issue.ts'
export { publicKeyObject, publicKeyOf, subjectPublicKeyInfo } from './cvc/key-object.ts'
export {
  type DomainParameters,
  type EcPublicKey,
  KeyParameters,
  keyAlgorithm,
  PublicKey,
  type RsaPublicKey,
} from './cvc/public-key.ts'
export { type KeyRegistration, RegistrationFile } from './cvc/registration-file.ts'
export { cardContactRoots } from './cvc/roots.ts'
export { signatureAlgorithm, verifyCertificate, verifyRequest, verifyWith } from './cvc/verify.ts'
export { EcdsaSignature, plainSignature } from './ecdsa-signature.ts'
export { enrolmentCode } from './enrolment-code.ts'
export {
  ChannelError,
  type ChannelErrorCode,
  SecureMessagingError,
  type SecureMessagingErrorCode,
  UnexpectedStatusError,
} from './errors.ts'
export { type ExchangeWords, exchangeWords } from './exchange-words.ts'
export { PrivateKeyDescription } from './files/key-description.ts'
export { CertificateDescription, DataDescription } from './files/object-descriptions.ts'
export { TokenInfo } from './files/token-info.ts'
export { hashFunctions } from './hash-functions.ts'
export { combineShares, type KeyEncryptionKey, keyEncryptionKey, shareSize } from './key-domain/dkek.ts'
export { KeyBlob, type UnwrappedKey, type Unwrapping, unwrapKey, wrapKey } from './key-domain/key-blob.ts'
export type { KeyMaterial, KeyMaterialKind } from './key-domain/key-material.ts'
export { materialOfPrivateKey, privateKeyOfMaterial } from './key-domain/material-key.ts'
export {
  groupExtension,
  groupOf,
  groupUid,
  KeyDomainMembership,
  membershipMessage,
  verifyMembership,
} from './key-domain/membership.ts'
export { WrappedKeyFile } from './key-domain/wrapped-key-file.ts'
export { fromNumber, inverse, modulo, toNumber } from './numbers.ts'
export { agentProof, makeAgentProof } from './ram/agent-proof.ts'
export {
  type Closing,
  CommandMessage,
  closing,
  closingStatus,
  ResponseMessage,
  ramKeepAlive,
  ramMessageLimits,
  ramSubprotocol,
} from './ram/messages.ts'
export {
  type CommandElement,
  CommandTemplate,
  Initiation,
  Notification,
  type ResponseElement,
  ResponseTemplate,
} from './ram/templates.ts'
export { type ChipAnswer, chipHandshake, type HostHandshake, hostHandshake } from './secure-messaging/handshake.ts'
export { chipAuthenticationProtocol } from './secure-messaging/keys.ts'
export { SecureMessaging } from './secure-messaging/session.ts'
export { statusMeaning, sw } from './status.ts'
