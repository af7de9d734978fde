/**
 * CardContact's SmartCard-HSM Cloud Service API: all of it, each route once. Whoever is authenticated may use all of it.
 *
 * @module
 */
import { fromHex } from '@keytether/codec'
import type { Devices, KeySelector } from '@keytether/hsm'
import { z } from 'zod'
import type { Call, Route } from '../api.ts'
import { Hsm, Key, KeyDomain, SignatureInput, SignatureResult } from './schemas.ts'
import { hsmView, instanceView, keyDomainView, keyView } from './views.ts'

type SeRoute = Route<Devices> & Required<Pick<Route<Devices>, 'answer'>>

export const routes: readonly SeRoute[] = [
  get('/hsms', z.array(Hsm), hsm => hsm.hsms().map(hsmView)),
  get('/hsms/:hsmId', Hsm, (hsm, { hsmId }) => hsmView(hsm.hsm(hsmId!))),
  get('/hsms/:hsmId/keys', z.array(Key), (hsm, { hsmId }) => hsm.hsm(hsmId!).keys.map(instanceView)),
  get('/hsms/:hsmId/keys/:keyId', Key, (hsm, params) => instanceView(hsm.key(selected(params)).instances[0])),
  get('/keys', z.array(Key), hsm => hsm.keys().map(keyView)),
  get('/keys/:keyId', Key, (hsm, params) => keyView(hsm.key(selected(params)))),
  get('/keydomains', z.array(KeyDomain), hsm => hsm.keyDomains().map(keyDomainView)),
  get('/keydomains/:kdId', KeyDomain, (hsm, { kdId }) => keyDomainView(hsm.keyDomain(kdId!))),
  get('/keydomains/:kdId/keys', z.array(Key), (hsm, { kdId }) => hsm.keyDomain(kdId!).keys.map(keyView)),
  get('/keydomains/:kdId/keys/:keyId', Key, (hsm, params) => keyView(hsm.key(selected(params)))),
  signHash('/keys/:keyId/signhash'),
  signHash('/hsms/:hsmId/keys/:keyId/signhash'),
  signHash('/keydomains/:kdId/keys/:keyId/signhash'),
]

function get<T>(path: string, answer: z.ZodType<T>, run: (devices: Devices, params: Call['params']) => T): SeRoute {
  return { method: 'GET', path, answer, run: (devices, { params }) => run(devices, params) }
}

function signHash(path: string): SeRoute {
  return {
    method: 'POST',
    path,
    body: SignatureInput,
    answer: SignatureResult,
    async run(devices, { params, body, signal }): Promise<z.infer<typeof SignatureResult>> {
      const { hash, algo } = body as z.infer<typeof SignatureInput>
      const signature = await devices.sign(selected(params), algo, fromHex(hash), signal)
      return { signature: Buffer.from(signature).toString('hex').toUpperCase() }
    },
  }
}

function selected({ keyId, hsmId, kdId }: Call['params']): KeySelector {
  return { key: keyId!, hsm: hsmId, keyDomain: kdId }
}
