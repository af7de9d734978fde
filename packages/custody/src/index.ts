export { CustodyError, type CustodyErrorCode } from './errors.ts'
export { type KeyFile, type KeyFileKey, readKeyFile } from './key-files/key-file.ts'
export type { DerivationOptions } from './share-file/derive-key.ts'
export { createShareFile, readShareFile, ShareFile, type ShareReading } from './share-file/share-file.ts'
