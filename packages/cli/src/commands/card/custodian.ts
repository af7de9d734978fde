/** `keytether card custodian`: devices that n of m keys open together. */
import type { Command } from 'commander'
import { examples } from '../../examples.ts'
import { answer } from './custodian/answer.ts'
import { authenticate } from './custodian/authenticate.ts'
import { challenge } from './custodian/challenge.ts'
import { exportKey } from './custodian/export.ts'
import { register } from './custodian/register.ts'
import { sign } from './custodian/sign.ts'
import { list, status } from './custodian/status.ts'

export function custodian(card: Command): void {
  const command = card.command('custodian').description('Custodians, whose keys open a device together')
  for (const declare of [exportKey, register, status, list]) declare(command)
  for (const declare of [authenticate, challenge, sign, answer]) declare(command)
  examples(command, [
    ['keytether card custodian export alice --out alice.pka --reader Alice', 'on the token of each custodian'],
    ['keytether card custodian register alice.pka --reader HSM', 'on the token to be guarded'],
    [
      'keytether card custodian challenge DEALICE00001 --out ask --service https://hsm.example.com',
      'a device far away',
    ],
    ['keytether card custodian sign ask --out answer --reader Alice', 'wherever Alice is'],
    ['keytether card custodian answer answer --service https://hsm.example.com', 'one of n'],
  ])
}
