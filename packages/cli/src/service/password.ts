/** What people sign in with at a service. */
import { type Pin, type PinOptions, readPin } from '../pin.ts'

export const password: Pin = { name: 'password', label: 'password', form: 'password' }
export const newPassword: Pin = { name: 'new-password', label: 'new password', form: 'password', isNew: true }

export async function readPassword(options: PinOptions, which: Pin, signal: AbortSignal): Promise<string> {
  return new TextDecoder().decode(await readPin(options, which, signal))
}
