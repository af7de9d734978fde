/** Routes within what the tenant of whoever asks may ask for at a time. */
import type { RateClass } from '@keytether/api'
import type { Route } from './api.ts'
import type { Turnstile } from './rest/turnstile.ts'

export function limited<Domain>(routes: readonly Route<Domain>[], turnstile: Turnstile): Route<Domain>[] {
  return routes.map(route => {
    const rate: RateClass = route.method === 'GET' ? 'read' : 'use'
    return {
      ...route,
      async run(domain, call, reply) {
        using _ = turnstile.enter(call.caller, rate)
        return await route.run(domain, call, reply)
      },
    }
  })
}
