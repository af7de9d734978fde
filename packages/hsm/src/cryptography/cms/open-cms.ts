/**
 * CMS messages that were encrypted to a key on tokens: the content's key is decrypted or agreed on by the chip, the content here.
 *
 * @module
 */
import { DecodeError } from '@keytether/codec'
import type { KeyInfo } from '@keytether/driver'
import { HsmError } from '../../errors.ts'
import type { KeyUse } from '../members.ts'
import { pointOnCurveOf } from '../private-key-uses.ts'
import { readBer } from './ber.ts'
import { type CmsMessage, cmsMessage } from './content.ts'
import { type KeyForRecipient, keyAgreement, keyTransport } from './recipient.ts'

/** Who sends a message to more than these is not obliged with a use of the key for each. */
const mostRecipients = 8

/**
 * @param message EnvelopedData or AuthEnvelopedData in a ContentInfo, BER
 * @param run has a token do it
 * @throws HsmError INVALID, in the same words for whatever is wrong behind the structure; WRONG_SCHEME for AES keys
 */
export async function openCms(
  message: Uint8Array,
  info: KeyInfo,
  run: (use: KeyUse<Uint8Array>) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const { cms, mine } = read(message, info)
  for (const { use, key: keyOf } of mine) {
    const key = await run(use).then(keyOf, error => {
      if (error instanceof HsmError && error.code === 'INVALID') return undefined
      throw error
    })
    const content = key?.length === cms.keySize ? cms.decrypt(key) : undefined
    key?.fill(0)
    if (content !== undefined) return content
  }
  throw new HsmError('INVALID', 'this message was not encrypted to this key, or it was changed')
}

function read(message: Uint8Array, info: KeyInfo): { readonly cms: CmsMessage; readonly mine: KeyForRecipient[] } {
  if (info.kind === 'AES') throw new HsmError('WRONG_SCHEME', 'CMS messages are opened with RSA and EC keys')
  try {
    const cms = cmsMessage(readBer(message))
    const mine = cms.recipients.flatMap(recipient =>
      info.kind === 'RSA'
        ? (keyTransport(recipient, Math.ceil(info.bits / 8)) ?? [])
        : keyAgreement(recipient, point => pointOnCurveOf(info.publicKey, point)),
    )
    return { cms, mine: mine.slice(0, mostRecipients) }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw new HsmError('INVALID', `this is no CMS message that can be opened here: ${error.message}`, { cause: error })
  }
}
