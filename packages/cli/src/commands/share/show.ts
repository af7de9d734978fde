/** `keytether share show`. */
import { basename } from 'node:path'
import type { Command } from 'commander'
import { examples } from '../../examples.ts'
import { interruptible } from '../../interrupt.ts'
import { fields, type OutputOptions, outputOptions, report } from '../../output.ts'
import { readShares, type SharePasswordOptions, sharePasswordOptions } from '../../share-input.ts'

export function show(share: Command): void {
  const command = share
    .command('show')
    .description('Open share files, and show their key check values; the shares themselves are never shown')
    .argument('<file...>', 'The file with the share; or all shares of a key domain')
  outputOptions(sharePasswordOptions(command)).action(run)
  examples(command, [
    ['keytether share show web-1.pbe', 'asks for the password, or for the shares of custodians'],
    ['keytether share show web-1.pbe --password-shares alice --password-shares bob', 'with two shares out of files'],
    ['keytether share show web-1.pbe web-2.pbe', 'also the key check value that both make together'],
  ])
}

async function run(files: readonly string[], options: SharePasswordOptions & OutputOptions): Promise<void> {
  const shares = await interruptible(signal => readShares({ ...options, share: files }, signal))
  const { combineShares, keyEncryptionKey } = await import('@keytether/card')
  const check = (key: Uint8Array) => Buffer.from(keyEncryptionKey(key).keyCheckValue).toString('hex').toUpperCase()
  const own = shares.map((share, i) => ({ file: files[i]!, keyCheckValue: check(share) }))
  const together = check(combineShares(shares))
  for (const share of shares) share.fill(0)
  report(options, { keyCheckValue: together, shares: own }, () => [
    ...own.flatMap(({ file, keyCheckValue }) =>
      fields([
        ['Share', basename(file)],
        ['Key check value', `${keyCheckValue} of this share alone`],
      ]),
    ),
    ...(shares.length > 1 ? fields([['Together', together]]) : []),
  ])
}
