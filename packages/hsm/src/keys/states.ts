/**
 * The life of a version.
 *
 * ```
 *   creating -> pre-active -> active <-> suspended
 *                    |          |            |
 *                    |      deactivated <----+   (and back to suspended)
 *                    +----------+------------+--> destroyed -> erased
 * ```
 *
 * What is destroyed can be restored to what it was until it is erased.
 *
 * @see NIST SP 800-57 Part 1, 7 (states of keys)
 */
import type { Row } from '../store/tables.ts'

type VersionState = Row<'key_versions'>['state']
type Resting = Row<'key_versions'>['other_state']

export type Change = 'activate' | 'suspend' | 'deactivate' | 'destroy' | 'restore'

interface Situation {
  readonly state: VersionState
  /** What it was before it was suspended or destroyed. */
  readonly other_state: Resting
  /** When it is erased; none: it is, or is not going to be. */
  readonly destroy_at: number | null
}

type Next = Pick<Situation, 'state' | 'other_state'>

/** What a change makes of a version; undefined: it cannot be done in this state. */
export function after(change: Change, { state, other_state, destroy_at }: Situation): Next | undefined {
  switch (change) {
    case 'activate':
      // A suspended version becomes what it was.
      if (state === 'suspended') return { state: other_state, other_state }
      return state === 'pre-active' ? { state: 'active', other_state } : undefined
    case 'suspend':
      return state === 'active' || state === 'deactivated' ? { state: 'suspended', other_state: state } : undefined
    case 'deactivate':
      return state === 'active' || state === 'suspended' ? { state: 'deactivated', other_state } : undefined
    case 'destroy':
      if (state === 'destroyed' || state === 'creating') return undefined
      // A version that was suspended and is restored is suspended no more, but does not sign either.
      return { state: 'destroyed', other_state: state === 'suspended' ? 'deactivated' : state }
    case 'restore':
      return state === 'destroyed' && destroy_at !== null ? { state: other_state, other_state } : undefined
  }
}
