/**
 * The thread that derives the key of a share file: EVP_BytesToKey of OpenSSL with MD5, three chains one after the other.
 *
 * @see EVP_BytesToKey(3)
 */
import { hash } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import { concat } from '@keytether/codec'
import type { Derivation, DerivationReport } from './derive-key.ts'
import { hashAgain } from './md5.ts'

const chains = 3
const roundsBetweenReports = 100_000

const { password, salt, rounds } = workerData as Derivation
const report = (message: DerivationReport) => parentPort!.postMessage(message)

const digests: Uint8Array[] = []
for (let chain = 0; chain < chains; chain++) {
  const seed = concat(digests.at(-1) ?? new Uint8Array(), password, salt)
  let digest: Uint8Array = hash('md5', seed, 'buffer')
  seed.fill(0)
  for (let done = 1; done < rounds; ) {
    const more = Math.min(roundsBetweenReports, rounds - done)
    digest = hashAgain(digest, more)
    done += more
    report({ done: (chain + done / rounds) / chains })
  }
  digests.push(digest)
}
password.fill(0)
report({ key: concat(digests[0]!, digests[1]!), iv: digests[2]! })
