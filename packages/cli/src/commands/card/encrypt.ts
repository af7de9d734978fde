/** `keytether card encrypt`. */
import type { Command } from 'commander'
import { type BytesOptions, bytesOptions, readContent, writeBytes } from '../../bytes-io.ts'
import { type CardOptions, cardOptions, withCard } from '../../card-access.ts'
import { addPadding, type CbcOptions, cbcOptions, givenIv, wholeBlocks } from '../../cbc.ts'
import { examples } from '../../examples.ts'
import { findAesKey } from '../../keys.ts'
import { type LoginOptions, login, loginOptions } from '../../login.ts'

const blockSize = 16

export function encrypt(card: Command): void {
  const command = card
    .command('encrypt')
    .description('Encrypt with an AES key on the card, in CBC mode')
    .argument('<key>', 'Label, id or reference of the key')
    .argument('[file]', 'What to encrypt; default standard input')
  cbcOptions(command, 'the card makes a random one, which comes first in what is written')
  bytesOptions(loginOptions(cardOptions(command)), 'raw').action(run)
  examples(command, [
    ['keytether card encrypt files document.pdf --out document.enc', 'with a vector of its own in front'],
    ['keytether card decrypt files document.enc --out document.pdf', 'and back'],
  ])
}

async function run(
  name: string,
  file: string | undefined,
  options: CardOptions & LoginOptions & BytesOptions & CbcOptions,
): Promise<void> {
  const content = await readContent(file)
  const plaintext = options.padding
    ? addPadding(content)
    : wholeBlocks(content, file ?? 'standard input', ['leave out --no-padding'])
  const given = await givenIv(options)
  await withCard(options, async (device, signal) => {
    const key = await findAesKey(device, name)
    await login(device, options, signal)
    const iv = given ?? (await device.random(blockSize))
    const cryptogram = await device.secretKeys.encryptCbc(key, iv, plaintext)
    await writeBytes(options, given ? cryptogram : Buffer.concat([iv, cryptogram]))
  })
}
