/** `keytether device pin`: what opens a token of a service. */
import type { Client } from '@keytether/api'
import type { Command } from 'commander'
import { CliError } from '../../errors.ts'
import { examples } from '../../examples.ts'
import { type OutputOptions, outputOptions, printable, report } from '../../output.ts'
import { newPin, type PinOptions, pinOptions, readPin, soPin, userPin } from '../../pin.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'

type Options = ServiceOptions & OutputOptions & PinOptions
type PinAnswer = Awaited<ReturnType<Client['giveDevicePin']>>

export function pin(device: Command): void {
  const command = device.command('pin').description('Present, change or unblock the PIN of a token')
  for (const declare of [give, change, unblock, forget, logout]) declare(command)
  examples(command, [
    ['keytether device pin give DENK0105702 --pin-file pin', 'presented now, and whenever it connects'],
    ['keytether device pin give DENK0105702 --pin-file pin --once', 'presented now, and kept nowhere'],
    ['keytether device pin unblock DENK0105702 --so-pin-file so-pin', 'new tries for the same PIN'],
  ])
}

const which = ['<device>', 'Its name'] as const

function give(pin: Command): void {
  const command = pin
    .command('give')
    .description('Present the PIN; the service keeps it sealed if it is right')
    .argument(...which)
    .option('--once', 'Do not keep it')
  outputOptions(pinOptions(serviceOptions(command), userPin)).action(
    async (device: string, options: Options & { readonly once?: true }) =>
      told(device, options, async (client, signal) => {
        const body = { pin: text(await readPin(options, userPin, signal)), keep: options.once !== true }
        return client.giveDevicePin({ params: { device }, body })
      }),
  )
}

function change(pin: Command): void {
  const command = pin
    .command('change')
    .description('Change the PIN; one that the service keeps is replaced')
    .argument(...which)
  outputOptions(pinOptions(serviceOptions(command), userPin, newPin)).action(async (device: string, options: Options) =>
    told(device, options, async (client, signal) => {
      const oldPin = text(await readPin(options, userPin, signal))
      const body = { oldPin, newPin: text(await readPin(options, newPin, signal)) }
      return client.changeDevicePin({ params: { device }, body })
    }),
  )
}

function unblock(pin: Command): void {
  const command = pin
    .command('unblock')
    .description('Give the PIN new tries with the SO-PIN')
    .argument(...which)
    .option('--set', 'Set another PIN, too')
  outputOptions(pinOptions(serviceOptions(command), soPin, newPin)).action(
    async (device: string, options: Options & { readonly set?: true }) =>
      told(device, options, async (client, signal) => {
        const so = Buffer.from(await readPin(options, soPin, signal)).toString('hex')
        const wanted = options.set || options.newPinFile !== undefined || options.newPinEnv !== undefined
        const set = wanted ? { newPin: text(await readPin(options, newPin, signal)) } : {}
        return client.unblockDevicePin({ params: { device }, body: { soPin: so, ...set } })
      }),
  )
}

function forget(pin: Command): void {
  const command = pin
    .command('forget')
    .description('The service forgets the PIN, and the token is locked')
    .argument(...which)
  outputOptions(serviceOptions(command)).action(async (device: string, options: Options) => {
    await withService(options, client => client.forgetDevicePin({ params: { device } }))
    report(options, { device, kept: false }, () => [`the PIN of ${printable(device)} is forgotten`])
  })
}

function logout(pin: Command): void {
  const command = pin
    .command('logout')
    .description('Lock the token until it connects anew, or is given its PIN')
    .argument(...which)
  outputOptions(serviceOptions(command)).action(async (device: string, options: Options) => {
    await withService(options, client => client.logoutDevice({ params: { device } }))
    report(options, { device, locked: true }, () => [`${printable(device)} is locked`])
  })
}

/** @throws CliError if the PIN was not accepted */
async function told(
  device: string,
  options: Options,
  ask: (client: Client, signal: AbortSignal) => Promise<PinAnswer>,
): Promise<void> {
  const answer = await withService(options, ask)
  if (answer.status !== 'verified') throw new CliError('pin', `${device}: ${answer.words}`)
  report(options, answer, () => [
    `${printable(device)}: done${answer.kept ? '; the service keeps the PIN, sealed' : ''}`,
  ])
}

function text(pin: Uint8Array): string {
  return new TextDecoder().decode(pin)
}
