export { type Configuration, readConfig, type ServiceConfig, type TlsConfig } from './config.ts'
export { ConfigError } from './errors.ts'
export { createLog, type LogFile, openLogFile } from './log.ts'
export { type Service, startService } from './service.ts'
