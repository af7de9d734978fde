export { readConfig, type ServiceConfig, type TlsConfig } from './config.ts'
export { ConfigError } from './errors.ts'
export { createLog, type Log, type LogLevel } from './log.ts'
export { type Service, startService } from './service.ts'
