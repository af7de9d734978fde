/**
 * CardContact's SmartCard-HSM Cloud Service API: all of it, each route once, over the devices of the caller's tenant.
 *
 * @module
 */
import { fromHex } from '@keytether/codec'
import type { Devices, KeySelector, Keys, Registry, Within } from '@keytether/hsm'
import { z } from 'zod'
import { type Call, demandRole, type Route } from '../api.ts'
import { Hsm, Key, KeyDomain, SignatureInput, SignatureResult } from './schemas.ts'
import { hsmView, instanceView, keyDomainView, keyView } from './views.ts'

/** The devices, whose they are, and who may use which of their keys. */
interface SeDomain {
  readonly devices: Devices
  readonly registry: Registry
  readonly keys: Keys
}

type SeRoute = Route<SeDomain> & Required<Pick<Route<SeDomain>, 'answer'>>

export const routes: readonly SeRoute[] = [
  get('/hsms', z.array(Hsm), (hsm, _, within) => hsm.hsms(within).map(hsmView)),
  get('/hsms/:hsmId', Hsm, (hsm, { hsmId }, within) => hsmView(hsm.hsm(hsmId!, within))),
  get('/hsms/:hsmId/keys', z.array(Key), (hsm, { hsmId }, within) => hsm.hsm(hsmId!, within).keys.map(instanceView)),
  get('/hsms/:hsmId/keys/:keyId', Key, (hsm, params, within) =>
    instanceView(hsm.key(selected(params, within)).instances[0]),
  ),
  get('/keys', z.array(Key), (hsm, _, within) => hsm.keys({ within }).map(keyView)),
  get('/keys/:keyId', Key, (hsm, params, within) => keyView(hsm.key(selected(params, within)))),
  get('/keydomains', z.array(KeyDomain), (hsm, _, within) => hsm.keyDomains(within).map(keyDomainView)),
  get('/keydomains/:kdId', KeyDomain, (hsm, { kdId }, within) => keyDomainView(hsm.keyDomain(kdId!, within))),
  get('/keydomains/:kdId/keys', z.array(Key), (hsm, { kdId }, within) =>
    hsm.keyDomain(kdId!, within).keys.map(keyView),
  ),
  get('/keydomains/:kdId/keys/:keyId', Key, (hsm, params, within) => keyView(hsm.key(selected(params, within)))),
  signHash('/keys/:keyId/signhash'),
  signHash('/hsms/:hsmId/keys/:keyId/signhash'),
  signHash('/keydomains/:kdId/keys/:keyId/signhash'),
]

function get<T>(
  path: string,
  answer: z.ZodType<T>,
  run: (devices: Devices, params: Call['params'], within: Within) => T,
): SeRoute {
  return {
    method: 'GET',
    path,
    answer,
    admit: (_, caller) => demandRole(caller, ['operator', 'manager', 'administrator', 'auditor']),
    run: ({ devices, registry }, { params, caller }) => run(devices, params, id => registry.isOf(caller, id)),
  }
}

function signHash(path: string): SeRoute {
  return {
    method: 'POST',
    path,
    body: SignatureInput,
    answer: SignatureResult,
    admit: (_, caller) => demandRole(caller, ['operator']),
    async run({ devices, registry, keys }, { params, body, caller, signal }): Promise<z.infer<typeof SignatureResult>> {
      const { hash, algo } = body as z.infer<typeof SignatureInput>
      const signature = await devices.sign(
        selected(params, id => registry.isOf(caller, id)),
        algo,
        fromHex(hash),
        signal,
        key => keys.mustBeUsable(caller, key, 'sign'),
      )
      return { signature: Buffer.from(signature).toString('hex').toUpperCase() }
    },
  }
}

function selected({ keyId, hsmId, kdId }: Call['params'], within: Within): KeySelector {
  return { key: keyId!, hsm: hsmId, keyDomain: kdId, within }
}
