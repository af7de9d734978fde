/** `keytether key activate`, `suspend`, `deactivate`, `destroy` and `restore`. */
import type { Client, Key } from '@keytether/api'
import type { Command } from 'commander'
import { confirm } from '../../confirm.ts'
import { type OutputOptions, outputOptions, printable, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { whole } from './options.ts'

interface Options extends ServiceOptions, OutputOptions {
  readonly keyVersion?: number
  readonly reason?: string
  readonly restorable?: number
  readonly force?: true
  readonly yes?: true
}

type Change = 'activateKey' | 'suspendKey' | 'deactivateKey' | 'destroyKey' | 'restoreKey'

export const activate: (key: Command) => unknown = changing(
  'activate',
  'activateKey',
  'Take it into use, also after it was suspended',
)
export const suspend: (key: Command) => unknown = changing(
  'suspend',
  'suspendKey',
  'It cannot be used until it is activated',
)
export const deactivate: (key: Command) => unknown = changing(
  'deactivate',
  'deactivateKey',
  'It only decrypts and verifies from now on',
)
export const restore: (key: Command) => unknown = changing(
  'restore',
  'restoreKey',
  'It is what it was before it was destroyed',
)

export function destroy(key: Command): void {
  changing(
    'destroy',
    'destroyKey',
    'It cannot be used, and is erased from all tokens when the time to restore it is over',
  )(key)
    .option('--restorable <days>', 'How long it can be restored, 0 to 365; default 7', whole(0, 365))
    .option('--force', 'Also while data keys hang on it: what is encrypted with them is lost')
    .option('--yes', 'Do not ask, with --restorable 0')
}

function changing(name: string, change: Change, description: string) {
  return (key: Command): Command => {
    const command = key
      .command(name)
      .description(description)
      .argument('<key>', 'Its name or id')
      .option('--key-version <number>', 'One version; default all that can be changed so', whole(1, 1_000_000))
      .option('--reason <text>', 'Why, for who looks at it later')
    return outputOptions(serviceOptions(command)).action((key: string, options: Options) => run(key, change, options))
  }
}

async function run(
  name: string,
  change: Change,
  { keyVersion: version, reason, restorable, force, yes, ...options }: Options,
): Promise<void> {
  const body = {
    ...(version !== undefined && { version }),
    ...(reason !== undefined && { reason }),
    ...(restorable !== undefined && { restorableDays: restorable }),
    ...(force && { force }),
  }
  const changed = await withService(options, async (client: Client, signal): Promise<Key> => {
    if (restorable === 0) await confirm(yes ? { yes } : {}, `Erase ${name} from every token, for ever?`, signal)
    return client[change]({ params: { key: name }, body })
  })
  report(options, changed, () =>
    changed.versions.length === 0
      ? [`${printable(name)}: it was not made yet, and is given up`]
      : changed.versions.map(each => `${printable(changed.name)}, version ${each.version}: ${stateWords(each)}`),
  )
}

function stateWords({ state, restorableUntil }: Key['versions'][number]): string {
  return restorableUntil === undefined ? state : `${state}, and can be restored until ${restorableUntil}`
}
