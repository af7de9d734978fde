/** `keytether login`, `logout` and `password`: people at a service. */
import { readFile } from 'node:fs/promises'
import type { Client } from '@keytether/api'
import type { Command } from 'commander'
import { CliError } from '../errors.ts'
import { examples } from '../examples.ts'
import { type OutputOptions, outputOptions, printable, report } from '../output.ts'
import { type PinOptions, pinOptions } from '../pin.ts'
import { withService } from '../service/connection.ts'
import { placeOptions, type ServiceOptions, serviceOptions, servicePlace } from '../service/options.ts'
import { newPassword, password, readPassword } from '../service/password.ts'
import { forgetSession, storedSession, storeSession } from '../service/session-file.ts'

interface LoginOptions extends ServiceOptions, OutputOptions, PinOptions {
  readonly name?: string
  readonly tenant: string
  readonly invitationFile?: string
}

export function signIn(program: Command): void {
  const login = program
    .command('login')
    .description('Sign in at a service as a person; commands without a token are then yours')
    .option('--name <name>', 'Your name there')
    .option('--tenant <name>', 'Your tenant', 'main')
    .option('--invitation-file <file>', 'Instead of a name: set a new password with the invitation in a file')
  outputOptions(pinOptions(placeOptions(login), password, newPassword)).action(runLogin)
  examples(login, [
    ['keytether login --service https://hsm.example.com --name ann', 'the password is asked for'],
    ['keytether login --invitation-file invitation', 'the first time; or open the invitation in a browser'],
  ])

  const logout = program.command('logout').description('End the session with a service')
  outputOptions(placeOptions(logout)).action(runLogout)
  examples(logout, [['keytether logout --service https://hsm.example.com', 'its token is good for nothing then']])

  const change = program.command('password').description('Change your password, within 15 minutes of signing in')
  outputOptions(pinOptions(serviceOptions(change), password, newPassword)).action(runPassword)
  examples(change, [['keytether password', 'your other sessions end']])
}

async function runLogin(options: LoginOptions): Promise<void> {
  const place = await servicePlace(options)
  const session = await withService(options, (client, signal) => begin(client, options, signal), place)
  const file = await storeSession(place.url, session.token!)
  const { name, expiresAt } = session
  report(options, { name, expiresAt, file }, () => [
    `signed in as ${printable(name)}, until ${expiresAt} or half an hour after the last command`,
    ...(process.env.KEYTETHER_TOKEN === undefined ? [] : ['as long as KEYTETHER_TOKEN is set, commands use that']),
  ])
}

async function begin(client: Client, options: LoginOptions, signal: AbortSignal) {
  const { name, tenant, invitationFile } = options
  if (invitationFile !== undefined) {
    const secret = secretOf((await readFile(invitationFile, 'utf8')).split(/\r?\n/, 1)[0]!)
    await client.readInvitation({ body: { secret } })
    return client.acceptInvitation({ body: { secret, password: await readPassword(options, newPassword, signal) } })
  }
  if (name === undefined) throw new CliError('usage', 'who are you?', ['add --name NAME, or --invitation-file FILE'])
  return client.signIn({ body: { tenant, name, password: await readPassword(options, password, signal) } })
}

/** The invitation may be the whole address. */
function secretOf(invitation: string): string {
  return invitation.slice(invitation.indexOf('#') + 1)
}

async function runLogout(options: ServiceOptions & OutputOptions): Promise<void> {
  const place = await servicePlace(options)
  const token = await storedSession(place.url)
  if (token === undefined) throw new CliError('notFound', `there is no session with ${place.url}`)
  try {
    await withService(options, client => client.signOut(), { ...place, token })
  } catch (error) {
    // It was over already.
    if (!(error instanceof Error && 'code' in error && error.code === 'UNAUTHORIZED')) throw error
  }
  await forgetSession(place.url)
  report(options, { signedOut: place.url }, () => ['signed out'])
}

async function runPassword(options: ServiceOptions & OutputOptions & PinOptions): Promise<void> {
  await withService(options, async (client, signal) => {
    const { passwordSince } = await client.getOwnSignIn()
    const current = passwordSince === undefined ? undefined : await readPassword(options, password, signal)
    const next = await readPassword(options, newPassword, signal)
    await client.setPassword({ body: { ...(current !== undefined && { current }), password: next } })
  })
  report(options, { set: true }, () => ['the password is set; other sessions have ended'])
}
