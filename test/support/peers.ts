/** Programs of other projects that tests meet: where one is missing, the test says which Debian package brings it. */
import { accessSync, constants } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import type { TestContext } from 'node:test'

const packages = {
  chromium: 'chromium',
  curl: 'curl',
  go: 'golang-go',
  ip: 'iproute2',
  keytool: 'default-jre-headless',
  nsenter: 'util-linux',
  openssl: 'openssl',
  'opensc-tool': 'opensc',
  perl: 'perl-base',
  postgres: 'postgresql-15',
  pcscd: 'pcscd',
  promtool: 'prometheus',
  'pkcs11-tool': 'opensc',
  'pkcs15-tool': 'opensc',
  'sc-hsm-tool': 'opensc',
  sumdb: 'golang-golang-x-mod-dev',
  'systemd-analyze': 'systemd',
  vpcd: 'vsmartcard-vpcd',
} as const

export type Peer = keyof typeof packages

/** Peers outside of the search path: there if one of these files is. */
const files: Partial<Record<Peer, readonly string[]>> = {
  postgres: [15, 16, 17, 18].map(version => `/usr/lib/postgresql/${version}/bin/postgres`),
  sumdb: ['/usr/share/gocode/src/golang.org/x/mod/sumdb/note/note.go'],
  vpcd: ['/usr/lib/pcsc/drivers/serial/libifdvpcd.so'],
}

/** What `openSandbox` needs. */
export const sandboxPeers = ['pcscd', 'vpcd', 'ip', 'nsenter'] as const satisfies readonly Peer[]

/** Why the peers cannot be met, or undefined if all are there. */
export function missingPeers(peers: readonly Peer[]): string | undefined {
  const missing = peers.filter(peer => !installed(peer))
  const rootless = peers.includes('nsenter') && process.getuid?.() !== 0
  if (missing.length === 0) return rootless ? 'namespaces need root' : undefined
  const wanted = [...new Set(missing.map(peer => packages[peer]))]
  return `${missing.join(', ')} missing: apt-get install ${wanted.join(' ')}`
}

/** The Debian packages of every peer that any test drives, as far as they are not installed. */
export function missingPackages(): string[] {
  const missing = (Object.keys(packages) as Peer[]).filter(peer => !installed(peer))
  return [...new Set(missing.map(peer => packages[peer]))]
}

/**
 * True if all peers are there. Otherwise skips the test aloud and returns false, so that the test returns; in continuous
 * integration (`CI=true`) throws, since there a skipped test is a hole.
 */
export function requirePeers(t: TestContext, peers: readonly Peer[]): boolean {
  const missing = missingPeers(peers)
  if (missing === undefined) return true
  if (process.env.CI === 'true') throw new Error(missing)
  t.skip(missing)
  return false
}

/** Where a peer that is there is. */
export function folderOf(peer: Peer): string {
  return dirname(placeOf(peer)!)
}

function installed(peer: Peer): boolean {
  return placeOf(peer) !== undefined
}

function placeOf(peer: Peer): string | undefined {
  const places = files[peer] ?? searchPath().map(folder => join(folder, peer))
  return places.find(place => {
    try {
      accessSync(place, files[peer] ? constants.R_OK : constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

function searchPath(): string[] {
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']
}
