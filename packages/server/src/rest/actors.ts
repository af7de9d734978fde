/** Who did what is said to have happened. */
import type { Caller, Principals } from '@keytether/hsm'

export type ActorMembers = (actor: string | null) => Promise<{ readonly actor?: string; readonly actorName?: string }>

/** What an event says of who did it; each name is asked for once. */
export function actorMembers(principals: Principals, caller: Caller): ActorMembers {
  const names = new Map<string, Promise<string | undefined>>()
  return async actor => {
    if (actor === null) return {}
    const asked = names.get(actor) ?? principals.nameOf(caller, actor)
    names.set(actor, asked)
    const actorName = await asked
    return { actor, ...(actorName !== undefined && { actorName }) }
  }
}
