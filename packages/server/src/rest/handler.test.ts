/** What does not compile: the compiler says if one of these does. */
import { test } from 'node:test'
import { operation } from '@keytether/api'
import { z } from 'zod'
import type { Handlers } from './handler.ts'

const shelves = {
  getShelf: operation({
    method: 'GET',
    path: '/shelves/{shelf}',
    summary: 'One shelf',
    roles: [],
    rate: 'read',
    answer: z.strictObject({ name: z.string() }),
  }),
}

test('a handler for each operation, no more and no fewer, that answers what is declared', () => {
  const getShelf: Handlers<typeof shelves>['getShelf'] = (_, { params }) => ({ name: params.shelf })
  const right: Handlers<typeof shelves> = { getShelf }
  // @ts-expect-error there is none
  const missing: Handlers<typeof shelves> = {}
  // @ts-expect-error nothing is called so
  const superfluous: Handlers<typeof shelves> = { getShelf, burnShelf: getShelf }
  // @ts-expect-error the name is a text
  const strange: Handlers<typeof shelves> = { getShelf: () => ({ name: 7 }) }
  // @ts-expect-error the path has no such parameter
  const mistaken: Handlers<typeof shelves> = { getShelf: (_, { params }) => ({ name: params.room }) }
  return void [right, missing, superfluous, strange, mistaken]
})
