/** Which device is in which group: in memory, so that work finds its devices without asking the database, which stays the truth. */
import type { Store } from '../store/store.ts'
import type { Row } from '../store/tables.ts'

export interface Member {
  readonly device: string
  /** Certified path with dots. */
  readonly path: string
  readonly tenant: string
  readonly group: string
  readonly name: string
  /** Members of the lowest number are asked first. */
  readonly priority: number
  /** Only asked where no other member can. */
  readonly standby: boolean
}

export class Members {
  readonly #store: Store
  /** By certified path. */
  readonly #members = new Map<string, Member>()
  /** Paths by the ids of devices. */
  readonly #paths = new Map<string, string>()

  constructor(store: Store) {
    this.#store = store
  }

  /** Those of all devices anew, or that of one which has changed. */
  async load(device?: string): Promise<void> {
    const rows = await this.#store.db
      .selectFrom('devices')
      .select(['id', 'path', 'tenant_id', 'group_id', 'name', 'priority', 'standby', 'state'])
      .$if(device !== undefined, query => query.where('id', '=', device!))
      .execute()
    for (const id of device === undefined ? [...this.#paths.keys()] : [device]) this.#forget(id)
    for (const row of rows) this.#note(row)
  }

  /** @param path certified, with dots */
  get(path: string): Member | undefined {
    return this.#members.get(path)
  }

  /** In the order in which they are asked. */
  of(group: string): Member[] {
    return [...this.#members.values()]
      .filter(member => member.group === group)
      .sort((a, b) => Number(a.standby) - Number(b.standby) || a.priority - b.priority || (a.name < b.name ? -1 : 1))
  }

  /** Ids of the groups that have members. */
  groups(): Set<string> {
    return new Set([...this.#members.values()].map(({ group }) => group))
  }

  #note(
    row: Pick<Row<'devices'>, 'id' | 'path' | 'tenant_id' | 'group_id' | 'name' | 'priority' | 'standby' | 'state'>,
  ): void {
    const { id, path, tenant_id, group_id, name, priority, standby, state } = row
    if (tenant_id === null || group_id === null || state !== 'claimed') return
    this.#paths.set(id, path)
    this.#members.set(path, {
      ...{ device: id, path, tenant: tenant_id, group: group_id, name: name ?? path },
      ...{ priority, standby: standby === 1 },
    })
  }

  #forget(device: string): void {
    const path = this.#paths.get(device)
    if (path === undefined) return
    this.#paths.delete(device)
    this.#members.delete(path)
  }
}
