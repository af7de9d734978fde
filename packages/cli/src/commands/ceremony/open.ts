/** `keytether ceremony open`. */
import { type Command, InvalidArgumentError } from 'commander'
import { domainNumber } from '../../key-domains.ts'
import { type OutputOptions, outputOptions, report } from '../../output.ts'
import { withService } from '../../service/connection.ts'
import { type ServiceOptions, serviceOptions } from '../../service/options.ts'
import { ceremonyLines } from './words.ts'

interface Options extends ServiceOptions, OutputOptions {
  readonly shares: number
  readonly domain: number
  readonly sameCustodian?: true
  readonly keyCheckValue?: string
}

export function open(ceremony: Command): void {
  const command = ceremony
    .command('open')
    .description('Begin one, on tokens that miss all shares of a key domain')
    .argument('<device...>', 'Their names')
    .requiredOption('--shares <count>', 'How many shares there are', shareCount)
    .option('--domain <number>', 'Which key domain of the tokens', domainNumber, 0)
    .option('--same-custodian', 'One custodian may bring several shares')
    .option('--key-check-value <value>', 'What is to come of it: that of other tokens with the same shares')
  outputOptions(serviceOptions(command)).action(run)
}

async function run(devices: string[], options: Options): Promise<void> {
  const { shares, domain, sameCustodian = false, keyCheckValue } = options
  const body = { devices, shares, domain, sameCustodian, ...(keyCheckValue !== undefined && { keyCheckValue }) }
  const opened = await withService(options, client => client.openCeremony({ body }))
  report(options, opened, () => ceremonyLines(opened))
}

function shareCount(text: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= 1 && value <= 255) return value
  throw new InvalidArgumentError('Wanted 1 to 255.')
}
