/** A service closes a device that it lends: what custodians have opened for its applications is better left alone. */
import type { CardOptions } from '../card-access.ts'
import { chosenCard } from '../card-address.ts'
import { CliError } from '../errors.ts'
import { interruption } from '../interrupt.ts'

/** Whether the device is connected to a service, and open. */
export async function isOpenAtService(options: CardOptions): Promise<boolean> {
  const address = chosenCard(options)
  if (address.kind !== 'service') return false
  const { ServiceClient } = await import('../service/client.ts')
  const { serviceAccess } = await import('../service/options.ts')
  using stop = interruption()
  using client = await ServiceClient.open(await serviceAccess(options))
  const connected = (await client.devices(stop.signal)).filter(({ state }) => state !== 'offline')
  const wanted = address.device
  const meant = connected.filter(({ id }) => wanted === undefined || id === wanted || id.endsWith(`.${wanted}`))
  return meant.length === 1 && meant[0]!.state === 'ready'
}

/** @throws CliError if the device is open */
export async function leaveOpenDevice(options: CardOptions): Promise<void> {
  if (!(await isOpenAtService(options))) return
  throw new CliError('failed', 'the device is open, and applications may be using it: nothing was done', [
    'borrowing it would close it, and its custodians would have to open it again',
  ])
}
