import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { DeleteFile, decodeCommand, EnumerateObjects, fileId, ReadBinary, UpdateBinary } from '@keytether/card'
import { fromHex } from '@keytether/codec'
import { scriptedCard } from '@keytether/test/scripted-card'
import { selfSigned } from '@keytether/test/x509'
import { Link } from './link.ts'
import { addData, writeCertificate } from './objects.ts'

/** A card with these files and room for nothing that begins beyond an offset; what was deleted is noted. */
function fullCard(files: readonly number[], room: number) {
  const deleted: number[] = []
  const card = scriptedCard(command => {
    const apdu = decodeCommand(command)
    if (EnumerateObjects.matches(apdu)) return EnumerateObjects.encodeResponse({ status: 'ok', data: [...files] })
    if (ReadBinary.matches(apdu)) return fromHex('6A82')
    if (UpdateBinary.matches(apdu)) return fromHex(UpdateBinary.decodeData(apdu).offset > room ? '6A84' : '9000')
    assert.ok(DeleteFile.matches(apdu))
    const fid = DeleteFile.decodeData(apdu)
    deleted.push(fid)
    return fromHex(files.includes(fid) ? '9000' : '6A82')
  })
  return { card, deleted }
}

const version = { major: 4, minor: 1, type: 0 }

test('of data that the card has no room for, nothing is left', async () => {
  const { card, deleted } = fullCard([0xcf00], 2000)
  await assert.rejects(addData(new Link(card, 1232), 'long', new Uint8Array(5000), false), { code: 'OUT_OF_MEMORY' })
  assert.deepEqual(
    deleted.map(fid => fid.toString(16)),
    ['c901', 'cf01'],
  )
})

test('a certificate that is not written says what has become of the old one', async () => {
  const spki = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey.export({ type: 'spki', format: 'der' })
  const certificate = await selfSigned('x'.repeat(900), spki, async () => fromHex('3006020101020101'))
  const write = (files: readonly number[]) =>
    writeCertificate(new Link(fullCard(files, 1000).card, 1232), version, 1, certificate)
  await assert.rejects(write([]), { code: 'OUT_OF_MEMORY' })
  await assert.rejects(write([fileId('keyCertificate', 1)]), { code: 'INCOMPLETE' })
})
