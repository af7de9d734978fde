export { DriverError, type DriverErrorCode } from './errors.ts'
export { type OpenOptions, SmartCardHsm } from './smart-card-hsm.ts'
export type {
  CertificateInfo,
  DataInfo,
  DecryptionScheme,
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
  Version,
} from './types.ts'
