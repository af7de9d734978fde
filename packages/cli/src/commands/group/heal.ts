/** `keytether group heal`. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Client, GroupStatus } from '@keytether/api'
import type { Command } from 'commander'
import { CliError } from '../../errors.ts'
import { type OutputOptions, outputOptions, report } from '../../output.ts'
import { showProgress } from '../../progress.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { groupLines } from './words.ts'

interface Options extends ServiceOptions, OutputOptions {
  readonly wait?: true
}

const pauseMs = 1_000

export function heal(group: Command): void {
  const command = group
    .command('heal')
    .description('Put on every token of a group the keys that it misses, now rather than when it is its turn')
    .argument('<group>', 'Its name or id')
    .option('--wait', 'Wait until no key misses anywhere, also for tokens that are away')
  outputOptions(serviceOptions(command)).action(run)
}

async function run(name: string, options: Options): Promise<void> {
  const healed = await withService(options, (client, signal) =>
    showProgress(`healing ${name}`, progress => healing(client, name, options.wait ? signal : undefined, progress)),
  )
  report(options, healed, () => groupLines(healed))
  if (isWhole(healed)) return
  throw new CliError('incomplete', `group ${healed.name} is ${healed.state}`, [
    'add --wait to wait for tokens that are away',
  ])
}

async function healing(
  client: Client,
  group: string,
  waiting: AbortSignal | undefined,
  progress: (done: number) => void,
): Promise<GroupStatus> {
  const params = { group }
  const look = async () => {
    const { keys, members } = await client.getGroup({ params })
    const wanted = keys.length * members.length
    progress(wanted === 0 ? 1 : keys.reduce((sum, { copies }) => sum + copies, 0) / wanted)
  }
  const timer = setInterval(() => void look().catch(() => {}), pauseMs)
  try {
    for (;;) {
      const healed = await client.healGroup({ params })
      if (waiting === undefined || isWhole(healed)) return healed
      await delay(pauseMs, undefined, { signal: waiting })
    }
  } finally {
    clearInterval(timer)
  }
}

/** What is different does not go away by healing. */
function isWhole({ keys, members }: GroupStatus): boolean {
  return members.every(({ operational }) => operational) && keys.every(({ consistency }) => consistency !== 'short')
}
