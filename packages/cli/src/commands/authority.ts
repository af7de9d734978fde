/** `keytether authority`: whose certificates let principals of a tenant in. */
import { readFile } from 'node:fs/promises'
import type { Answer, Operations } from '@keytether/api'
import type { Command } from 'commander'
import { confirm } from '../confirm.ts'
import { CliError } from '../errors.ts'
import { examples } from '../examples.ts'
import { fields, type OutputOptions, outputOptions, printable, report, table } from '../output.ts'
import { withService } from '../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../service/options.ts'

type Options = ServiceOptions & OutputOptions
type Authority = Answer<Operations['getAuthority']>

interface FileOptions extends Options {
  readonly certificate: string
  readonly crl?: string
}

export function authority(program: Command): void {
  const command = program.command('authority').description('Whose certificates let principals of your tenant in')
  const list = command.command('list').description('The authorities, by name')
  outputOptions(serviceOptions(list)).action(listAuthorities)
  examples(list, [['keytether authority list', 'and until when their lists of revoked certificates are good']])
  const add = command
    .command('add')
    .description('Take an authority in, which lets nobody in by that alone')
    .argument('<name>', 'What it is called')
    .requiredOption(
      '--certificate <file>',
      'Its certificate, PEM: that of who signs the certificates of clients itself',
    )
    .option('--crl <file>', 'What it has revoked, PEM')
  outputOptions(serviceOptions(add)).action(addAuthority)
  examples(add, [
    ['keytether authority add office --certificate ca.pem --crl ca.crl', 'with its list of revoked certificates'],
  ])
  const crl = command
    .command('crl')
    .description('Give the service the latest list of revoked certificates')
    .argument('<name>', 'Name or id of the authority')
    .argument('[file]', 'The list, PEM')
    .option('--none', 'No list: what the authority has issued is good until it ends')
  outputOptions(serviceOptions(crl)).action(changeList)
  examples(crl, [['keytether authority crl office ca.crl', 'who is on it is refused from the next request on']])
  const remove = command
    .command('delete')
    .description('Delete an authority with whose certificates nobody logs in any more')
    .argument('<name>', 'Its name or id')
    .option('--yes', 'Do not ask')
  outputOptions(serviceOptions(remove)).action(deleteAuthority)
  examples(remove, [['keytether authority delete office', 'after its credentials were revoked']])
  const identities = command
    .command('identities')
    .description('Whom a certificate names, in the words that a principal is bound by. Asks no service')
    .argument('<file>', 'The certificate, PEM')
  outputOptions(identities).action(showIdentities)
  examples(identities, [['keytether authority identities web.pem', 'one of them for keytether principal certificate']])
}

async function listAuthorities(options: Options): Promise<void> {
  const { items } = await withService(options, client => client.listAuthorities())
  report(options, items, () =>
    table(
      ['NAME', 'SUBJECT', 'UNTIL', 'REVOKED', 'NEXT LIST'],
      items.map(({ name, subject, notAfter, revocations }) => [
        printable(name),
        printable(subject),
        notAfter,
        revocations === undefined ? 'no list' : String(revocations.count),
        revocations?.nextUpdate ?? '',
      ]),
    ),
  )
}

async function addAuthority(name: string, options: FileOptions): Promise<void> {
  const certificate = await readFile(options.certificate, 'utf8')
  const revocations = options.crl === undefined ? {} : { revocations: await readFile(options.crl, 'utf8') }
  const made = await withService(options, client =>
    client.createAuthority({ body: { name, certificate, ...revocations } }),
  )
  report(options, made, () => authorityFields(made))
}

async function changeList(
  name: string,
  file: string | undefined,
  options: Options & { readonly none?: true },
): Promise<void> {
  if ((file === undefined) !== (options.none === true)) {
    throw new CliError('usage', 'which list?', ['give the file with the list, or --none'])
  }
  const revocations = file === undefined ? null : await readFile(file, 'utf8')
  const params = { authority: name }
  const changed = await withService(options, client => client.changeAuthority({ params, body: { revocations } }))
  report(options, changed, () => authorityFields(changed))
}

async function deleteAuthority(name: string, options: Options & { readonly yes?: true }): Promise<void> {
  await withService(options, async (client, signal) => {
    await confirm(options, `Delete the authority ${name}?`, signal)
    await client.deleteAuthority({ params: { authority: name } })
  })
  report(options, { deleted: name }, () => [`the authority ${name} is deleted`])
}

async function showIdentities(file: string, options: OutputOptions): Promise<void> {
  const { identitiesOf } = await import('@keytether/hsm')
  const identities = identitiesOf(await readFile(file, 'utf8'))
  report(options, identities, () => identities.map(printable))
}

function authorityFields({ name, id, subject, fingerprint, notAfter, revocations }: Authority): string[] {
  return fields([
    ['Name', printable(name)],
    ['Id', id],
    ['Subject', printable(subject)],
    ['SHA-256', fingerprint],
    ['Until', notAfter],
    ['Revoked', revocations === undefined ? 'no list' : `${revocations.count}, as of ${revocations.thisUpdate}`],
    ['Next list', revocations?.nextUpdate],
  ])
}
