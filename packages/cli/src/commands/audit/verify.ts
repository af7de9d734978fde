/** `keytether audit verify`: whether exports of an audit log are what was recorded, offline. */
import { readFile } from 'node:fs/promises'
import type { Finding, NoteKey, Verification } from '@keytether/audit'
import type { Command } from 'commander'
import { CliError } from '../../errors.ts'
import { examples } from '../../examples.ts'
import { interruptible } from '../../interrupt.ts'
import { fields, type OutputOptions, outputOptions, printable, report } from '../../output.ts'
import { readStream } from '../../stream-io.ts'

interface Options extends OutputOptions {
  readonly key?: readonly string[]
  readonly checkpoint?: readonly string[]
}

export function verify(parent: Command): void {
  const command = parent
    .command('verify')
    .description('Whether an export of an audit log is what was recorded and signed; needs no service')
    .argument('<files...>', 'Exports, in order: each goes on where the one before ends; - is standard input')
    .option('--key <file...>', 'Keys of the log, one in a line; default: those in the export, which are only shown')
    .option('--checkpoint <file...>', 'Checkpoints that were kept elsewhere: the log must still be the same')
  outputOptions(command).action(run)
  examples(command, [
    ['keytether audit verify log.jsonl --key keys.txt', 'every record, and who vouches for it'],
    ['keytether audit verify log.jsonl --key keys.txt --checkpoint march.txt', 'and that it goes on from there'],
    ['zcat log.jsonl.gz | keytether audit verify -', 'from standard input'],
  ])
}

async function run(files: readonly string[], options: Options): Promise<void> {
  const { ExportVerifier } = await import('@keytether/audit')
  const keys = options.key && (await keysIn(options.key))
  const kept = await Promise.all((options.checkpoint ?? []).map(async file => ({ file, note: await text(file) })))
  const verifier = new ExportVerifier({ keys, kept })
  await interruptible(async signal => {
    for (const file of files) await verifier.read(file, untilInterrupted(readStream(file), signal))
  })
  const result = verifier.result()
  report(options, documentOf(result), () => lines(result, keys !== undefined))
  if (result.found > 0) {
    throw new CliError('failed', `this is not what was recorded: ${result.found} findings`, [
      'FORGED, CUT_SHORT and REWRITTEN also come of keys and checkpoints of another log: see that they are the right ones',
    ])
  }
}

async function* untilInterrupted(parts: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for await (const part of parts) {
    signal.throwIfAborted()
    yield part
  }
}

async function keysIn(files: readonly string[]): Promise<NoteKey[]> {
  const { AuditError, parseNoteKey } = await import('@keytether/audit')
  const keys: NoteKey[] = []
  for (const file of files) {
    for (const line of (await text(file)).split('\n')) {
      try {
        if (line !== '') keys.push(parseNoteKey(line))
      } catch (error) {
        if (!(error instanceof AuditError)) throw error
        throw new CliError('usage', `${file}: no key of a log: ${error.message}`, [
          'each line is one key, as `keytether audit checkpoint` shows them',
        ])
      }
    }
  }
  return keys
}

async function text(file: string): Promise<string> {
  return await readFile(file, 'utf8')
}

function documentOf({ signedBy, ...result }: Verification) {
  const vouched = signedBy.map(({ key, size }) => ({ ...identity(key), size }))
  return { genuine: result.found === 0, ...result, signedBy: vouched }
}

function identity({ name, algorithm, id }: NoteKey) {
  return { name, algorithm, id: Buffer.from(id).toString('hex') }
}

function lines({ signedBy, findings, ...result }: Verification, given: boolean): string[] {
  const { origin, from, size, found, firstAt, lastAt } = result
  if (origin === undefined) return findings.map(finding)
  const vouched = signedBy.map(({ key, size }) => {
    const { algorithm, id } = identity(key)
    return `${algorithm} ${id}, for ${size === 0 ? 'none' : `0 to ${size - 1}`}`
  })
  return [
    ...fields([
      ['Log', printable(origin)],
      ['Records', size === from ? 'none' : `${from} to ${size - 1}`],
      ['Written', firstAt && `${firstAt} to ${lastAt}`],
      ['Signed by', vouched.join('\n') || 'nobody'],
    ]),
    ...findings.map(finding),
    ...(found > findings.length ? [`and ${found - findings.length} more`] : []),
    ...(given ? [] : ['these keys are those that the export names: give the real ones with --key']),
  ]
}

function finding({ code, message, file, line }: Finding): string {
  return `${printable(file)}:${line}: ${code}: ${printable(message)}`
}
