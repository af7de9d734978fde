/** A ceremony as it is kept. */

export interface CeremonyData {
  readonly devices: readonly DeviceProgress[]
  /** Index of the key domain on the devices. */
  readonly domain: number
  readonly shares: number
  readonly sameCustodian: boolean
  /** Upper-case hexadecimal. */
  readonly wantedKeyCheckValue?: string
  readonly imports: readonly ShareRecord[]
  /** Why it failed. */
  readonly reason?: string
}

export interface DeviceProgress {
  readonly id: string
  readonly name: string
  /** How many shares it missed when it was last asked. */
  readonly outstanding: number
  /** Upper-case hexadecimal, from the last share on. */
  readonly keyCheckValue?: string
}

export interface ShareRecord {
  /** The id of the principal who brought it. */
  readonly custodian: string
  readonly name: string
  readonly at: number
  /** SHA-256, hexadecimal: that the same share comes again is seen by it. */
  readonly share: string
  /** It has arrived on all devices. */
  readonly done: boolean
}

/** What a ceremony waits for, or what came of it. */
export function ceremonyWords(state: 'open' | 'done' | 'cancelled' | 'failed', data: CeremonyData): string {
  const { imports, shares, devices, reason } = data
  switch (state) {
    case 'open': {
      const begun = imports.find(one => !one.done)
      if (begun) return `share ${imports.length} of ${shares} was interrupted: ${begun.name} gives it again`
      return `awaiting share ${imports.length + 1} of ${shares}`
    }
    case 'done':
      return `all ${shares} shares are imported: key check value ${devices[0]?.keyCheckValue}`
    case 'cancelled':
      return `cancelled after ${imports.length} of ${shares} shares`
    case 'failed':
      return `failed: ${reason}`
  }
}

/** Why the key that came of the shares is not the one that was wanted; undefined: it is. */
export function faultOf({ devices, wantedKeyCheckValue }: CeremonyData): string | undefined {
  const values = new Set(devices.map(({ keyCheckValue }) => keyCheckValue ?? 'none'))
  const [value] = values
  const anew = 'initialise the devices, and begin anew with the right shares'
  if (values.size > 1) return `the devices have different key check values, ${[...values].join(' and ')}: ${anew}`
  if (wantedKeyCheckValue !== undefined && value !== wantedKeyCheckValue) {
    return `the key check value is ${value}, wanted ${wantedKeyCheckValue}: a share is not the right one: ${anew}`
  }
  return undefined
}
