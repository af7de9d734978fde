/** Groups: their members, and where keys are. */
import type { AnswerInput, groupOperations } from '@keytether/api'
import type { GroupReport, Groups } from '@keytether/hsm'
import type { Handlers } from './handler.ts'
import { isoTime } from './times.ts'

type Row = GroupReport['group']

export const groupHandlers: Handlers<typeof groupOperations> = {
  async listGroups({ groups }, { caller, query }) {
    const all = await groups.list(caller)
    const from = query.cursor === undefined ? all : all.filter(({ name }) => name > query.cursor!)
    const items = from.slice(0, query.limit)
    const next = items.length < from.length ? items.at(-1)?.name : undefined
    return { items: items.map(row => described(row, groups)), ...(next !== undefined && { next }) }
  },

  async createGroup({ groups }, { caller, body }) {
    return described(await groups.create(caller, body), groups)
  },

  async getGroup({ placement }, { caller, params }) {
    return status(await placement.report(caller, params.group))
  },

  async renameGroup({ groups }, { caller, params, body, ifMatch }) {
    return described(await groups.rename(caller, params.group, body.name, ifMatch), groups)
  },

  async deleteGroup({ groups }, { caller, params, ifMatch }) {
    await groups.delete(caller, params.group, ifMatch)
    return undefined
  },

  async joinGroup({ groups }, { caller, params, body }) {
    const { name, device: id, path, priority, standby } = await groups.join(caller, params.device, params.group, body)
    return { device: name, id, path, priority, standby }
  },

  async checkGroup({ placement }, { caller, params, signal }) {
    return status(await placement.check(caller, params.group, { signal }))
  },

  async healGroup({ placement }, { caller, params, signal }) {
    return status(await placement.heal(caller, params.group, signal))
  },

  async listUnmanagedKeys({ placement }, { caller, params }) {
    const keys = await placement.unmanaged(caller, params.group)
    return {
      items: keys.map(({ id, info: { label, kind, bits, curve }, holders, single, obstacle }) => ({
        ...{ id, label, kind, bits, ...(curve !== undefined && { curve }) },
        devices: holders.map(({ member }) => member.name),
        ...(single !== undefined && { single }),
        ...(obstacle !== undefined && { obstacle }),
      })),
    }
  },
}

function described(row: Row, groups: Groups) {
  return { ...fields(row), members: groups.members(row.id).map(({ name }) => name) }
}

function fields({ id, name, key_domain, created_at, revision }: Row) {
  const createdAt = isoTime(created_at)
  return { id, name, ...(key_domain !== null && { keyDomain: key_domain }), createdAt, revision }
}

function status({
  group,
  state,
  reasons,
  durability,
  members,
  keys,
}: GroupReport): AnswerInput<typeof groupOperations.getGroup> {
  return {
    ...fields(group),
    ...{ state, reasons: [...reasons], durability },
    members: members.map(({ member: { name, device, path, priority, standby }, ...rest }) => {
      return { device: name, id: device, path, priority, standby, ...rest }
    }),
    keys: keys.map(({ version, instances, ...rest }) => ({
      ...{ key: version.name, version: version.version, state: version.state, wrapped: version.wrapped, ...rest },
      instances: instances.map(({ member, state, reason, checkedAt }) => ({
        ...{ device: member.name, state, ...(reason !== undefined && { reason }) },
        ...(checkedAt !== undefined && { checkedAt: isoTime(checkedAt) }),
      })),
    })),
  }
}
