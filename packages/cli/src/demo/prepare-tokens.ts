/** The demonstration's tokens: initialised, and with one key domain, so that the keys of one can be on the other. */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Channel, TrustRoot } from '@keytether/card'
import { writePrivateFile } from '../atomic-file.ts'
import { CliError } from '../errors.ts'
import { pinBytes, soPin, userPin } from '../pin.ts'
import { accepted } from '../presented-pin.ts'
import { showProgress } from '../progress.ts'
import { openState } from '../state-file.ts'
import type { DataFolder } from './data-folder.ts'

/** What an earlier start left undone is made up for. Returns the certified paths of the tokens, with dots. */
export async function prepareTokens(
  data: DataFolder,
  roots: readonly TrustRoot[],
  signal: AbortSignal,
): Promise<string[]> {
  let share: Promise<Uint8Array> | undefined
  const readShare = () => {
    share ??= readOrMakeShare(data, signal)
    return share
  }
  const paths: string[] = []
  for (const [index, { stateFile }] of data.tokens.entries()) {
    const emulator = await openState(stateFile)
    try {
      paths.push(await prepare(emulator, { data, roots, label: `Keytether demo ${index + 1}`, readShare }))
    } finally {
      await emulator.close()
    }
    signal.throwIfAborted()
  }
  return paths
}

interface Preparation {
  readonly data: DataFolder
  readonly roots: readonly TrustRoot[]
  readonly label: string
  readShare(): Promise<Uint8Array>
}

async function prepare(channel: Channel, { data, roots, label, readShare }: Preparation): Promise<string> {
  const { SmartCardHsm } = await import('@keytether/driver')
  const card = await SmartCardHsm.open(channel, { roots })
  await card.openSecureChannel()
  if ((await card.pinStatus('user')).status === 'notInitialized') {
    const pins = { soPin: pinBytes(soPin, data.soPin), userPin: pinBytes(userPin, data.pin) }
    accepted(await card.initialize({ ...pins, dkekShares: 1, label }), 'so')
  }
  const [domain] = await card.keyDomains.list()
  if (domain?.outstanding) await card.keyDomains.importShare(0, await readShare())
  return card.identity.path.replaceAll('/', '.')
}

/** The file is there before any token has the share: a token that is lost can always be followed by another. */
async function readOrMakeShare({ shareFile, sharePassword }: DataFolder, signal: AbortSignal): Promise<Uint8Array> {
  const { createShareFile, readShareFile } = await import('@keytether/custody')
  const password = new TextEncoder().encode(sharePassword)
  return showProgress('Share of the key domain', async progress => {
    const file = await readFile(shareFile).catch(error => {
      if (error.code !== 'ENOENT') throw error
    })
    if (file === undefined) {
      const share = randomBytes(32)
      await writePrivateFile(shareFile, await createShareFile(share, password, { progress, signal }))
      return share
    }
    const reading = await readShareFile(file, password, { progress, signal })
    if (reading.status !== 'ok') throw new CliError('failed', `the password beside ${shareFile} does not open it`)
    return reading.share
  })
}
