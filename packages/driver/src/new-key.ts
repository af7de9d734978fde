/** What every new key needs, however it is made: a reference that is free before, a description after. */
import { fileId, filePrefix } from '@keytether/card'
import { describeNewKey, type NewKey } from './descriptions.ts'
import { DriverError } from './errors.ts'
import { writeCalls } from './files.ts'
import { enumerateCall, keyParametersOf, parametersCall } from './inventory.ts'
import { describeKey } from './key-info.ts'
import type { Link } from './link.ts'
import { expectOk } from './outcome.ts'
import type { KeyInfo } from './types.ts'

/**
 * The reference that is wanted, or the lowest that is free.
 *
 * @throws DriverError `REFERENCE_TAKEN`, `NO_FREE_REFERENCE`
 */
export async function freeReference(link: Link, wanted: number | undefined): Promise<number> {
  const [list] = await link.run([enumerateCall()])
  return chooseReference(expectOk(list, 'list the objects of the card'), wanted)
}

const belongings = [filePrefix.key, filePrefix.keyDescription, filePrefix.keyCertificate] as readonly number[]

/** A reference that no key has, nor files that are left of one: they would describe the new key wrongly. */
function chooseReference(fids: readonly number[], wanted: number | undefined): number {
  const taken = new Set(fids.filter(each => belongings.includes(each >> 8)).map(each => each & 0xff))
  if (wanted === undefined) {
    for (let reference = 1; reference <= 0xff; reference++) if (!taken.has(reference)) return reference
    throw new DriverError('NO_FREE_REFERENCE', 'all 255 key references are taken; delete keys that are not needed')
  }
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > 0xff) {
    throw new RangeError(`key references go from 1 to 255, got ${wanted}`)
  }
  if (taken.has(wanted)) {
    throw new DriverError('REFERENCE_TAKEN', `there is a key, or what is left of one, under reference ${wanted}`)
  }
  return wanted
}

/**
 * Writes the description of a key that the card has made.
 *
 * @param certificate what the card has stored beside the key
 * @throws DriverError `INCOMPLETE`
 */
export async function describe(
  link: Link,
  reference: number,
  key: NewKey,
  certificate: Uint8Array | undefined,
): Promise<KeyInfo> {
  const description = describeNewKey(reference, key)
  try {
    const [selected, ...written] = await link.run([
      parametersCall(reference),
      ...writeCalls(link, fileId('keyDescription', reference), description),
    ])
    for (const outcome of written) expectOk(outcome, 'write the description')
    return describeKey(
      reference,
      keyParametersOf(selected),
      { status: 'ok', content: description },
      certificate ? { status: 'ok', content: certificate } : { status: 'notFound' },
    )
  } catch (cause) {
    throw new DriverError(
      'INCOMPLETE',
      `key ${reference} was made, but its description was not written: it has no label and no id of its own. ` +
        'Delete it, or go on with its reference',
      { cause },
    )
  }
}
