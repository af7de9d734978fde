/** The version of the service. */
import { readFileSync } from 'node:fs'

const packageFile = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
export const { version } = JSON.parse(packageFile) as { readonly version: string }
