/** Whoever follows requests. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Answered } from '../answered.ts'

export interface Traces extends AsyncDisposable {
  /** @param id of the request */
  begin(id: string, headers: IncomingHttpHeaders): void
  end(id: string, answered: Answered): void
}
