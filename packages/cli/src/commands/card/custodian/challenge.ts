/** `keytether card custodian challenge`. */
import type { Command } from 'commander'
import { writeContent } from '../../../bytes-io.ts'
import { type CardOptions, cardOptions, withCard } from '../../../card-access.ts'
import { writeChallenge } from '../../../custodian/challenge-document.ts'
import { leaveOpenDevice } from '../../../custodian/open-device.ts'
import { CliError } from '../../../errors.ts'

export function challenge(custodian: Command): void {
  const command = custodian
    .command('challenge')
    .description('Ask the device for a challenge, which a custodian signs wherever he is; the next one replaces it')
    .argument('<key>', 'Name of the registered key')
    .option('--out <file>', 'Write to a file instead of standard output')
  cardOptions(command).action(run)
}

async function run(key: string, options: CardOptions & { readonly out?: string }): Promise<void> {
  await leaveOpenDevice(options)
  await withCard({ ...options, keepLogIn: true }, async card => {
    const asked = await card.authentication.challenge(key)
    if (asked.status !== 'ok') {
      if (asked.status === 'alreadyAuthenticated') throw new CliError('failed', `${key} is authenticated already`)
      throw new CliError('notFound', `no key ${key} is registered`, ['`keytether card custodian list` shows the keys'])
    }
    const { deviceReference, keyReference, challenge } = asked.challenge
    await writeContent(options.out, writeChallenge({ device: deviceReference, key: keyReference, challenge }))
  })
}
