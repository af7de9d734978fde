/**
 * A service without tokens, for as long as it is let. It says on standard output where it listens.
 *
 * `audited-service.ts DATABASE-URL BEARER-TOKEN`
 */
import { createLog, startService } from '@keytether/server'

const [database = '', token = ''] = process.argv.slice(2)
const masterKey = { key: new Uint8Array(32) }
const config = { host: '127.0.0.1', port: 0, tokens: [token], devices: { roots: [] }, database, masterKey }
console.log((await startService(config, createLog('silent'))).url)
