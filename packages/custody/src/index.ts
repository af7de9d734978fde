export { type Backup, type BackupKey, decodeBackup, encodeBackup } from './backup/backup.ts'
export { openData, sealData } from './backup/sealed-data.ts'
export { CustodyError, type CustodyErrorCode } from './errors.ts'
export { type KeyFile, type KeyFileKey, readKeyFile } from './key-files/key-file.ts'
export { passwordShareSheet, readPasswordShares } from './password-shares/password-share-sheet.ts'
export {
  joinPassword,
  type PasswordGroup,
  type PasswordShare,
  splitPassword,
} from './password-shares/password-shares.ts'
export type { DerivationOptions } from './share-file/derive-key.ts'
export {
  createShareFile,
  parseShareFile,
  readShareFile,
  ShareFile,
  type ShareReading,
} from './share-file/share-file.ts'
export { printHtml, printSvg } from './sheets/print-svg.ts'
export { printText, type TextOptions } from './sheets/print-text.ts'
export { readShareFileSheet, shareFileSheet } from './sheets/share-file-sheet.ts'
export type { Sheet, SheetPart } from './sheets/sheet.ts'
