export { attachVpcd, type VpcdEvent, type VpcdOptions } from './vpcd.ts'
