/** Whatever a card, a host or a network sends, no decoder does anything but read it or refuse it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { concat, DecodeError, decode, encode, fromHex } from '@keytether/codec'
import { fuzz, fuzzCodec } from '@keytether/test/fuzz'
import { vectors } from '@keytether/test/vectors'
import { decodeCommand } from './apdu.ts'
import type { AnyCommand } from './command.ts'
import { AuthenticatedRequest, Certificate, CertificateBody, DeviceCertificates } from './cvc/certificate.ts'
import { verifyChain } from './cvc/chain.ts'
import { curveByName } from './cvc/curves.ts'
import { publicKeyObject, publicKeyOf, subjectPublicKeyInfo } from './cvc/key-object.ts'
import { type EcPublicKey, keyAlgorithm } from './cvc/public-key.ts'
import { RegistrationFile } from './cvc/registration-file.ts'
import { cardContactRoots } from './cvc/roots.ts'
import { verifyRequest } from './cvc/verify.ts'
import { SecureMessagingError, UnexpectedStatusError } from './errors.ts'
import { PrivateKeyDescription } from './files/key-description.ts'
import { CertificateDescription, DataDescription } from './files/object-descriptions.ts'
import { TokenInfo } from './files/token-info.ts'
import { ApplicationParameters, commands, FileParameters } from './index.ts'
import { keyEncryptionKey } from './key-domain/dkek.ts'
import { KeyBlob, unwrapKey } from './key-domain/key-blob.ts'
import { saltedMaterial } from './key-domain/key-material.ts'
import { privateKeyOfMaterial } from './key-domain/material-key.ts'
import { KeyDomainMembership } from './key-domain/membership.ts'
import { WrappedKeyFile } from './key-domain/wrapped-key-file.ts'
import { SecureMessaging } from './secure-messaging/session.ts'

const certificates = vectors<Record<string, string>>('certificates.json')
const bytesOf = (...names: string[]) => names.map(name => fromHex(certificates[name]!))
const reader = { lengths: 'any' } as const

describe('certificates', () => {
  const single = bytesOf('unitTestRoot', 'picoDevice', 'picoIssuer')
  const requests = bytesOf('picoRequest', 'nitrokeyRequest')
  fuzzCodec('certificate', Certificate, single)
  fuzzCodec(
    'certificate body',
    CertificateBody,
    single.map(bytes => encode(CertificateBody, decode(Certificate, bytes).body.value)),
  )
  fuzzCodec('request', AuthenticatedRequest, requests)
  fuzzCodec('key for registration', RegistrationFile, [
    encode(RegistrationFile, {
      request: decode(AuthenticatedRequest, requests[0]!),
      device: decode(Certificate, single[1]!),
      issuer: decode(Certificate, single[2]!),
    }),
  ])
  fuzzCodec('device certificates', DeviceCertificates, [concat(...bytesOf('picoDevice', 'picoIssuer'))])

  fuzz(
    'a chain that is damaged is not believed',
    bytes => {
      const { ok } = verifyChain(decode(DeviceCertificates, bytes), cardContactRoots)
      assert.ok(!ok)
    },
    [concat(...bytesOf('picoDevice', 'picoIssuer', 'productionRoot'))],
  )

  const [request, device] = [...bytesOf('picoRequest'), ...bytesOf('picoDevice')] as [Uint8Array, Uint8Array]
  const { publicKey } = decode(Certificate, device).body.value
  const deviceKey = { ...(publicKey as EcPublicKey), domain: curveByName('secp256k1').domain }
  fuzz(
    'a request that is damaged is not believed',
    bytes => {
      const damaged = decode(AuthenticatedRequest, bytes)
      if (Buffer.compare(bytes, request) !== 0) assert.ok(!verifyRequest(damaged, deviceKey))
    },
    [request],
  )
})

describe('public keys', () => {
  const { domain } = curveByName('secp256r1')
  const oid = fromHex(keyAlgorithm.ecdsaSha256)
  const rsaOid = fromHex(keyAlgorithm.rsaSha256)
  fuzz('a point', q => publicKeyObject({ kind: 'ec', oid, domain, q }), [domain.g])
  fuzz('a modulus', n => publicKeyObject({ kind: 'rsa', oid: rsaOid, n, e: fromHex('010001') }), [
    new Uint8Array(128).fill(0xff),
  ])
  fuzz('an exponent', e => publicKeyObject({ kind: 'rsa', oid: rsaOid, n: new Uint8Array(128).fill(0xff), e }), [
    fromHex('010001'),
  ])
  fuzz('out of X.509', bytes => publicKeyOf(bytes), [
    subjectPublicKeyInfo({ kind: 'ec', oid, domain, q: domain.g }),
    subjectPublicKeyInfo({ kind: 'rsa', oid: rsaOid, n: new Uint8Array(128).fill(0xff), e: fromHex('010001') }),
  ])
})

describe('files', () => {
  fuzzCodec(
    'key description',
    PrivateKeyDescription,
    [
      'A02B300C0C03656331030206C0040101300F0401010303072080030203B8020101A10A30083002040002020100',
      '303D300D0C0472736131030206C0040101300E04010203020470030203B8020101A010300E300C310A300806035504030C0178A10A30083002040002020800',
      'A82130060C04616573313007040103030206C0A006300402020100A106300430020400',
    ].map(fromHex),
    { reader },
  )
  fuzzCodec(
    'certificate description',
    CertificateDescription,
    [fromHex('301A30090C03636178030206403003040177A108300630040402CA00')],
    { reader },
  )
  fuzzCodec(
    'data description',
    DataDescription,
    [fromHex('301C300A0C04646174310302064030060C0464617431A10630040402CF00')],
    { reader },
  )
  fuzzCodec('token information', TokenInfo, [fromHex('301002010080076D79746F6B656E03020520')], { reader })
  fuzzCodec('file parameters', FileParameters, [fromHex('6217800200008302cc01a50d900400000005910270809201 02')], {
    reader,
  })
  fuzzCodec('application parameters', ApplicationParameters, [fromHex('620a82017885050001000401')], { reader })
})

describe('wrapped keys', () => {
  const { real, computed, pico } =
    vectors<Record<'real' | 'computed' | 'pico', Record<string, string>>>('key-domains.json')
  fuzzCodec('membership', KeyDomainMembership, [fromHex(pico!.membership!)])
  const file = fromHex(real!.wrappedKeyFile!)
  const blobs = [decode(WrappedKeyFile, file).blob, fromHex(computed!.aesBlob!), fromHex(computed!.ecBlob!)]
  fuzzCodec('file', WrappedKeyFile, [file])
  fuzzCodec('blob', KeyBlob, blobs)
  const kek = keyEncryptionKey(fromHex(real!.share!))
  fuzz(
    'a blob that is damaged is not believed',
    bytes => {
      const unwrapped = unwrapKey(kek, bytes)
      if (Buffer.compare(bytes, blobs[0]!) !== 0) assert.ok(!unwrapped.ok)
    },
    [blobs[0]!],
  )
  const unwrapped = unwrapKey(kek, blobs[0]!)
  assert.ok(unwrapped.ok)
  const plain = encode(saltedMaterial('ec'), { salt: new Uint8Array(8), material: unwrapped.material })
  for (const kind of ['rsa', 'rsaCrt', 'ec', 'aes'] as const) {
    fuzz(`what was encrypted: ${kind}`, bytes => privateKeyOfMaterial(decode(saltedMaterial(kind), bytes).material), [
      plain,
    ])
  }
})

describe('commands', () => {
  const { computed, observed } =
    vectors<Record<string, { exchanges: Record<string, string>[] }>>('secure-messaging.json')
  const exchanges = [...computed!.exchanges, ...observed!.exchanges]
  const requests = [
    ...exchanges.map(({ command }) => command!),
    '805000001c80020001810636343832313982083537363231383830910103920101',
    '00d72f0318540200005312301002010080076d79746f6b656e03020520',
    '002241a40c800a04007f00070202030202',
    `8052000020${'11'.repeat(32)}00`,
    '80520101010200',
    '80740193',
    `00860000457c43804104${'11'.repeat(64)}00`,
  ].map(fromHex)
  const responses = [
    ...exchanges.map(({ response }) => response!),
    '620a8201788505000100040190 00',
    '000123450003059000',
    '020197e303855dc1c54d9000',
    '7c148108f53968e70ebb56078208d1d1ecb2f2dfeb8e9000',
  ].map(fromHex)

  fuzz(
    'requests',
    bytes => {
      const apdu = decodeCommand(bytes)
      for (const command of Object.values<AnyCommand>(commands)) {
        if (!command.matches(apdu)) continue
        const params = command.decodeParams(apdu)
        const data = command.decodeData(apdu)
        const again = decodeCommand(command.encodeRequest(params, data, { le: apdu.le }))
        assert.deepEqual(command.decodeData(again), data)
      }
    },
    requests,
  )
  for (const [name, command] of Object.entries<AnyCommand>(commands)) {
    fuzz(`responses to ${name}`, bytes => command.decodeResponse(bytes), responses, {
      errors: [UnexpectedStatusError],
      runs: 100,
    })
  }

  const keys = { encryption: new Uint8Array(16), mac: new Uint8Array(16) }
  fuzz(
    'protected commands',
    bytes => {
      const result = new SecureMessaging(keys).unprotectCommand(bytes)
      assert.ok(result === 0x6987 || result === 0x6988)
    },
    exchanges.map(({ protectedCommand }) => fromHex(protectedCommand!)),
  )
  fuzz(
    'protected responses',
    bytes => {
      const host = new SecureMessaging(keys)
      host.protect(fromHex('00200081'))
      host.unprotect(bytes)
      assert.fail('it was believed')
    },
    exchanges.map(({ protectedResponse }) => fromHex(protectedResponse!)),
    { errors: [SecureMessagingError] },
  )
})

describe('what promises much', () => {
  const claims = ['7f2183ffffff', '6783ffffff', 'aa83ffffff2283ffffff', '3083ffffff', 'a083ffffff', '6283ffffff']
  for (const codec of [Certificate, AuthenticatedRequest, DeviceCertificates, PrivateKeyDescription, FileParameters]) {
    fuzz('a length beyond all bytes', bytes => decode<unknown>(codec, bytes, reader), claims.map(fromHex), { runs: 20 })
  }
  const many = new Uint8Array(200_000).fill(0x7f)
  const nested = Uint8Array.from({ length: 60_000 }, (_, at) => (at % 2 ? 0x80 : 0x30))
  const decoders = [Certificate, DeviceCertificates, AuthenticatedRequest, PrivateKeyDescription, TokenInfo]
  for (const [name, bytes] of Object.entries({ many, nested, zeros: new Uint8Array(1_000_000) })) {
    test(`a long input: ${name}`, () => {
      for (const codec of decoders) assert.throws(() => decode<unknown>(codec, bytes, reader), DecodeError)
    })
  }
})
