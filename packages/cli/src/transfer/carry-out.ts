/** Puts what was elsewhere on a card: looks first, says what comes of each key, and ends with the right exit code. */
import type { SmartCardHsm, TokenContent, TransferOutcome, TransferPlan } from '@keytether/driver'
import { CliError } from '../errors.ts'
import { printable, report } from '../output.ts'
import type { TransferOptions } from './options.ts'
import { counts, document, keyLine, keyName, lines } from './words.ts'

/** After log-in. @param about the fields of the JSON document that say what was copied where */
export async function carryOut(
  card: SmartCardHsm,
  content: TokenContent,
  options: TransferOptions,
  about: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<void> {
  const { planTransfer, readTarget, transfer } = await import('@keytether/driver')
  const plan = planTransfer(content, await readTarget(card, content))
  const { neededMemory, freeMemory } = plan
  if (options.dryRun) {
    const memory = `about ${neededMemory} bytes would be used, ${freeMemory} are free`
    report(options, { ...about, dryRun: true, neededMemory, freeMemory, ...document(plan) }, () => [
      ...lines(plan),
      memory,
    ])
    return
  }
  refuseOtherDomain(plan)
  if (neededMemory > freeMemory) {
    throw new CliError('failed', `about ${neededMemory} bytes are needed, and the card has ${freeMemory} free`, [
      'nothing was done: delete what is not needed there',
    ])
  }
  let done = 0
  const outcome = await transfer(card, plan, {
    signal,
    onKey: told => {
      done++
      if (!options.json) console.log(keyLine(told))
    },
  }).catch(error => {
    console.error(
      `stopped after ${done} of ${plan.keys.length} keys: what is copied stays, and the same command goes on from there`,
    )
    throw error
  })
  report(options, { ...about, ...document(outcome) }, () => lines({ ...outcome, keys: [] }))
  judge(outcome, options)
}

/** Where no key can enter the card at all, nothing else is copied either. */
function refuseOtherDomain({ keys }: TransferPlan): void {
  const refused = keys.filter(step => step.action === 'none' && step.missingDomain !== undefined)
  const [first] = refused
  if (first?.action !== 'none' || keys.some(({ action }) => action !== 'none')) return
  throw new CliError('failed', `no key can be copied. Of ${keyName(first.item)}: ${printable(first.reason)}`, [
    'nothing was done: import the shares of that domain, `keytether card domain import`',
  ])
}

/** @throws CliError if something failed, or could not be copied and nobody said that this is as it should be */
function judge({ keys, certificates, data }: TransferOutcome, options: TransferOptions): void {
  const all = counts([...keys, ...certificates, ...data])
  if (!options.json) console.log(summary(counts(keys)))
  if (all.failed > 0) {
    throw new CliError('failed', `${all.failed} of ${keys.length + certificates.length + data.length} failed`, [
      'the lines above say why; what was copied stays, and running the command again goes on from there',
    ])
  }
  if (all.notCopied > 0 && !options.partial) {
    throw new CliError('incomplete', `${all.notCopied} could not be copied, the lines above say why`, [
      'if that is as it should be, add --partial',
    ])
  }
  // Of a backup that somebody has changed, a key that nothing tells from another one may be another one.
  const unproven = keys.filter(told => told.status === 'copied' && told.proof === undefined).length
  if (unproven > 0 && !options.partial) {
    throw new CliError(
      'incomplete',
      `${unproven} of ${keys.length} keys copied, and not proven: the lines above say why`,
      ['if that is as it should be, add --partial'],
    )
  }
}

function summary({ copied, completed, present, notCopied, failed }: ReturnType<typeof counts>): string {
  const parts = [
    [copied, 'copied'],
    [completed, 'completed'],
    [present, 'there already'],
    [notCopied, 'not copied'],
    [failed, 'failed'],
  ] as const
  const told = parts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`)
  return `keys: ${told.join(', ') || 'none'}`
}
