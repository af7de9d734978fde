/** How the devices, groups and keys of a tenant are at the moment, as figures. */
import { type Caller, type Hsm, type TenantHealth, tenantHealth } from '@keytether/hsm'
import { Gauge, Registry } from 'prom-client'
import { kindLabels } from './work-figures.ts'

type Device = TenantHealth['devices'][number]
type Group = TenantHealth['groups'][number]

const consistencies = ['ok', 'short', 'single', 'different', 'lost'] as const

/** Made for one answer: what is not there any more has no figure. */
export async function tenantFigures(hsm: Hsm, caller: Caller): Promise<Registry> {
  const { groups, devices } = await tenantHealth(hsm, caller)
  const figures = new Figures()
  const groupNames = new Map(groups.map(({ group }) => [group.id, group.name]))
  for (const device of devices) deviceFigures(figures, device, groupNames.get(device.row.group_id ?? '') ?? '')
  for (const device of devices) chipFigures(figures, hsm, device)
  for (const group of groups) groupFigures(figures, group, hsm.pools.of(group.group.id).waiting)
  for (const { name, version, uses } of await hsm.keys.uses.counts(caller)) {
    const labels = { key: name, version: String(version) }
    figures.set('keytether_key_uses', 'How often a version of a key was used', labels, uses)
  }
  return figures.registry
}

function deviceFigures(figures: Figures, { row, session, state, facts }: Device, group: string): void {
  const device = row.name!
  const one = { device }
  figures.set(
    'keytether_device_ready',
    'Whether keys of the device can be used',
    { device, group },
    Number(state === 'ready'),
  )
  figures.set('keytether_device_state', 'The state that the device is in', { device, state }, 1)
  const { load, roundTripMs } = session ?? {}
  figures.set('keytether_device_queue', 'Operations that the device has to do', one, load ?? 0)
  figures.maybe(
    'keytether_device_round_trip_seconds',
    'The way to the device and back',
    one,
    roundTripMs && roundTripMs / 1_000,
  )
  if (facts === undefined) return
  const { userPin, soPin, freeMemory, keys } = facts
  for (const [pin, status] of [
    ['user', userPin],
    ['so', soPin],
  ] as const) {
    const left = status.status === 'blocked' ? 0 : status.status === 'notVerified' ? status.triesLeft : undefined
    const help = 'Tries left of a PIN; of one that is presented the device does not tell'
    figures.maybe('keytether_device_pin_tries_left', help, { device, pin }, left)
  }
  figures.maybe('keytether_device_free_memory_bytes', 'Memory that is free on the device', one, freeMemory)
  figures.set('keytether_device_keys', 'Keys on the device', one, keys.length)
  for (const { reference, usesLeft } of keys) {
    const help = 'Uses that the device still allows of a key, where it counts them'
    figures.maybe('keytether_device_key_uses_left', help, { device, reference: String(reference) }, usesLeft)
  }
}

function chipFigures(figures: Figures, { pools }: Hsm, { row, session }: Device): void {
  if (session === undefined) return
  for (const [kind, ms] of pools.poolOf(session).chipMs(row.path)) {
    const help =
      'What the chip takes for an operation, without the way to the device and back, as learned from its answers'
    figures.set('keytether_device_chip_seconds', help, { device: row.name!, ...kindLabels(kind) }, ms / 1_000)
  }
}

function groupFigures(figures: Figures, { group, members, durability, keys }: Group, waiting: number): void {
  const one = { group: group.name }
  figures.set('keytether_group_members', 'Devices in the group', one, members.length)
  figures.set('keytether_group_members_operational', 'Devices of the group that do its work', one, durability)
  figures.set('keytether_group_queue', 'Operations that wait for a device of the group', one, waiting)
  for (const consistency of consistencies) {
    const count = keys.filter(key => key.consistency === consistency).length
    const help = 'Versions of keys of the group, by whether they are where they should be'
    figures.set('keytether_group_keys', help, { ...one, consistency }, count)
  }
  const least = keys.length === 0 ? undefined : Math.min(...keys.map(({ copies }) => copies))
  figures.maybe('keytether_group_least_copies', 'On how many members the key is that is on the fewest', one, least)
}

class Figures {
  readonly registry = new Registry()
  readonly #gauges = new Map<string, Gauge>()

  set(name: string, help: string, labels: Readonly<Record<string, string>>, value: number): void {
    let gauge = this.#gauges.get(name)
    if (gauge === undefined) {
      gauge = new Gauge({ name, help, labelNames: Object.keys(labels), registers: [this.registry] })
      this.#gauges.set(name, gauge)
    }
    gauge.set(labels, value)
  }

  maybe(name: string, help: string, labels: Readonly<Record<string, string>>, value: number | undefined): void {
    if (value !== undefined) this.set(name, help, labels, value)
  }
}
