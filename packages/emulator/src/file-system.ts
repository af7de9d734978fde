/** Which files a card has, and who may do what with them. */
import { fid, filePrefix } from '@keytether/card'
import type { CardState } from './state.ts'

/** What READ BINARY reads; undefined if there is no such file. Keys have none. */
export function contentOf({ identity, files }: CardState, file: number): Uint8Array | undefined {
  return file === fid.deviceCertificates ? identity.certificates : files.get(file)
}

/** The reference of the key that an identifier stands for, the device key's 0 included. */
export function keyReferenceOf(file: number): number | undefined {
  return file >> 8 === filePrefix.key ? file & 0xff : undefined
}

/** Made in the factory: neither written nor deleted. */
export function isPermanent(file: number): boolean {
  return file === fid.deviceKey || file === fid.deviceCertificates
}

/** Read only by who has logged in. */
export function isPrivate(file: number): boolean {
  return file >> 8 === filePrefix.privateData
}

const { key: _, ...contentPrefixes } = filePrefix
const prefixes: readonly number[] = Object.values(contentPrefixes)
const singleFiles: readonly number[] = [fid.tokenInfo, fid.scratch]

/** Files that programs may make. */
export function mayExist(file: number): boolean {
  return prefixes.includes(file >> 8) || singleFiles.includes(file)
}

/** Longest content: an array of the platform that the real card is made on. */
export const longestFile = 0x7fff
