/**
 * What the card allows and what it refuses, command by command: the same rows for the emulated card itself and, through
 * OpenSC and PC/SC, for whatever card is in the reader.
 */
import {
  type AnyCommand,
  algorithm,
  commands,
  curveByName,
  decodeCommand,
  keyAlgorithm,
  keyEncryptionKey,
  wrapKey,
} from '@keytether/card'
import { fromHex, toHex } from '@keytether/codec'
import {
  chooseAuthenticationKey,
  chooseVerificationKey,
  custodian,
  register,
  verify as verifyCertificate,
} from './custodian.ts'
import { pin, soPin } from './emulated-token.ts'

/** A command in hexadecimal, and the status word that it gets if not 9000. */
export type Step = string | readonly [command: string, answer: string]

/** Why a command is refused, or that it is not. */
export type CaseName =
  | 'allowed'
  | 'not selected'
  | 'not initialised'
  | 'not logged in'
  | 'wrong PIN'
  | 'wrong signature'
  | 'blocked'
  | 'wrong length'
  | 'wrong data'
  | 'unknown key or file'
  | 'unknown algorithm'
  | 'algorithm of another type of key'
  | 'algorithm not in the list of the key'
  | 'use counter used up'
  | 'exists already'
  | 'not permitted'
  | 'wrong parameters'
  | 'domain incomplete'
  | 'keys missing'
  | 'nothing free'

export interface CardCase {
  readonly name: CaseName
  /** What is sent first to a card as it comes out of the factory. */
  readonly before: readonly Step[]
  /** In hexadecimal. */
  readonly command: string
  /** The status word, in hexadecimal. */
  readonly answer: string
  /** The application is not selected. */
  readonly unselected?: true
}

type Row = readonly [name: CaseName, before: readonly Step[], command: string, answer: string]

function write<C extends AnyCommand>(
  command: C,
  params: Parameters<C['encodeRequest']>[0],
  data?: Parameters<C['encodeRequest']>[1],
  options?: Parameters<C['encodeRequest']>[2],
): string {
  return toHex(command.encodeRequest(params, data, options))
}

const { domain } = curveByName('secp256r1')
const point = `04${toHex(domain.g).slice(2)}`
const hash = '5a'.repeat(32)
const otherPin = '313131313131'
const otherSoPin = '3131313131313131'

const initialize = `8050000019 80020001 8106${pin} 8208${soPin} 910103`
const verify = `0020008106${pin}`
const wrongPin = `0020008106${otherPin}`

const initialized = [initialize]
const withDomains = [initialize.replace('8050000019', '805000001C').concat(' 920101'), verify]
const share = `8052000020 ${'5a'.repeat(32)} 00`
const loggedIn = [initialize, verify]
const blocked: Step[] = [initialize, ...['63C2', '63C1', '63C0'].map(answer => [wrongPin, answer] as const)]
const blockedSo: Step[] = [
  initialize,
  ...Array.from(
    { length: 15 },
    (_, i) => [`0020008808${otherSoPin}`, `63C${(14 - i).toString(16).toUpperCase()}`] as const,
  ),
]
const ecKey = (more: { readonly algorithms?: Uint8Array; readonly useCounter?: number } = {}) =>
  write(
    commands.GenerateKeyPair,
    { key: 1, signingKey: 0 },
    {
      profile: 0,
      parameters: { kind: 'ec', oid: fromHex(keyAlgorithm.ecdsaSha256), domain },
      holderReference: 'ZZTEST00001',
      ...more,
    },
    { le: undefined },
  )
const rsaKey = '00460200 20 5F290100 7F4915 060A04007F00070202020102 8203010001 02020400 5F20015A'
const withKey = [...loggedIn, ecKey()]

const aesKey = '004803B2 06 910410111899'
const withSecretKey = [...loggedIn, aesKey]

function using(command: 'Sign' | 'Decipher' | 'UseSecretKey', key: number, id: number, input: string): string {
  return write(commands[command], { key, algorithm: id }, fromHex(input), { le: input.length < 0x100 ? 0x100 : 0x200 })
}

const sign = using('Sign', 1, algorithm.ecdsa, hash)
const agree = using('Decipher', 1, algorithm.ecdh, point)
const cmac = using('UseSecretKey', 3, algorithm.aesCmac, hash)
const derive = write(commands.DeriveKey, { key: 1, newKey: 4 }, { parameter: fromHex(hash) })
/** A share of a domain's key, and an AES key under it. */
const ownShare = `8052000020 ${'a5'.repeat(32)} 00`
const blob = wrapKey(keyEncryptionKey(new Uint8Array(32).fill(0xa5)), {
  material: { kind: 'aes', key: new Uint8Array(16) },
  algorithms: Uint8Array.of(algorithm.aesCmac),
})
const unwrap = write(commands.UnwrapKey, { key: 1 }, blob)
const withTwoDomains = [initialize.replace('8050000019', '805000001C').concat(' 970102'), verify]

/** Opened by one key of two, of which one is registered, by the word of another device. */
const alice = await custodian('ZZALICE00001')
const guarded = [initialize.replace('8050000019', '805000001D').concat(' 93020201')]
const knowingAlice = [
  chooseVerificationKey(alice.issuer),
  verifyCertificate(alice.certificates[0]!),
  chooseVerificationKey(alice.device),
]
const withDevice = [...guarded, ...knowingAlice]
const membership = write(
  commands.CreateGroupDomain,
  { index: 0 },
  { request: alice.request, signature: new Uint8Array(64) },
)
const agreement = write(commands.AgreeDomainKey, { key: 1 }, alice.request)
const withAlice = [...withDevice, register(alice.request)]
/** The only key that there is to be. */
const withOnlyAlice = withAlice.with(0, guarded[0]!.replace('0201', '0101'))
const replace = register(alice.request).replace('80540000', '80540100')
const forged = verifyCertificate({ ...alice.certificates[0]!, signature: new Uint8Array(64).fill(1) })
const wrongSignature = `0082000040 ${'11'.repeat(64)}`

const file = '00D7CF0109 54020000 5303010203'
const readFile = '00B1CF0104 54020000 03'

const rows = {
  SelectApplication: [
    ['allowed', initialized, '00A404000BE82B0601040181C31F020100', '9000'],
    ['unknown key or file', initialized, '00A4040007 627601FF000000 00', '6A82'],
    ['wrong parameters', initialized, '00A404040BE82B0601040181C31F020100'.replace('0404', '0407'), '6A86'],
  ],
  SelectFile: [
    ['allowed', initialized, '00A40000022F0200', '9000'],
    ['unknown key or file', initialized, '00A4000002CF0100', '6A82'],
    ['wrong length', initialized, '00A40000012F00', '6700'],
  ],
  SelectPath: [['unknown key or file', initialized, '00A40800022F0000', '6A82']],
  Verify: [
    ['allowed', initialized, verify, '9000'],
    ['not initialised', [], verify, '6A88'],
    ['wrong PIN', initialized, wrongPin, '63C2'],
    ['blocked', blocked, verify, '6983'],
    ['wrong length', initialized, '0020008105 3132333435', '6A80'],
    ['wrong parameters', initialized, `0020008206${pin}`, '6A86'],
  ],
  ChangeReferenceData: [
    ['allowed', initialized, `002400810C${pin}${otherPin}`, '9000'],
    ['not initialised', [], `002400810C${pin}${otherPin}`, '6A88'],
    ['wrong PIN', initialized, `002400810C${otherPin}${pin}`, '63C2'],
    ['blocked', blocked, `002400810C${pin}${otherPin}`, '6983'],
    ['wrong length', initialized, `0024008108${pin}3131`, '6A80'],
  ],
  ResetRetryCounter: [
    ['allowed', initialized, `002C00810E${soPin}${otherPin}`, '9000'],
    ['not initialised', [], `002C00810E${soPin}${otherPin}`, '6A88'],
    ['wrong PIN', initialized, `002C00810E${otherSoPin}${otherPin}`, '63CE'],
    ['blocked', blockedSo, `002C00810E${soPin}${otherPin}`, '6983'],
    ['wrong length', initialized, `002C008109${soPin}31`, '6A80'],
    ['not permitted', [initialize.replace('80020001', '80020000')], `002C00810E${soPin}${otherPin}`, '6986'],
  ],
  InitializeDevice: [
    ['allowed', [], initialize, '9000'],
    ['allowed', loggedIn, initialize, '9000'],
    ['wrong PIN', initialized, initialize.replace(soPin, otherSoPin), '63CE'],
    ['blocked', blockedSo, initialize, '6983'],
    ['wrong data', [], '8050000003 313233', '6A80'],
  ],
  DeviceStatus: [['allowed', initialized, '8050000000', '9000']],
  GetChallenge: [
    ['allowed', initialized, '0084000008', '9000'],
    ['wrong length', initialized, '00840000 01 00 08', '6700'],
    ['wrong parameters', initialized, '0084000108', '6A86'],
  ],
  EnumerateObjects: [
    ['allowed', initialized, '8058000000', '9000'],
    ['allowed', initialized, '80580000000000', '9000'],
    ['wrong parameters', initialized, '80580001000000', '6A86'],
  ],
  ReadBinary: [
    ['allowed', [...loggedIn, file], readFile, '9000'],
    ['not logged in', initialized, '00B1CC0004 54020000 03', '6982'],
    ['unknown key or file', loggedIn, readFile, '6A82'],
    ['wrong data', loggedIn, '00B1CF0102 5402 00', '6A80'],
  ],
  UpdateBinary: [
    ['allowed', loggedIn, file, '9000'],
    ['not logged in', initialized, file, '6982'],
    ['not permitted', loggedIn, file.replace('CF01', '2F02'), '6985'],
    ['wrong data', loggedIn, '00D7CF0104 54020000', '6A80'],
  ],
  DeleteFile: [
    ['allowed', withKey, '00E4020002CC01', '9000'],
    ['not logged in', initialized, '00E4020002CC01', '6982'],
    ['unknown key or file', loggedIn, '00E4020002CC01', '6A82'],
    ['not permitted', loggedIn, '00E4020002CC00', '6985'],
    ['wrong length', loggedIn, '00E4020001CC', '6700'],
  ],
  GenerateKeyPair: [
    ['allowed', loggedIn, ecKey(), '9000'],
    ['allowed', loggedIn, rsaKey, '9000'],
    ['not logged in', initialized, ecKey(), '6982'],
    ['exists already', withKey, ecKey(), '6A89'],
    ['wrong data', loggedIn, '0046010004 5F290100', '6A80'],
    ['wrong parameters', loggedIn, rsaKey.replace('00460200', '00460000'), '6A86'],
  ],
  Sign: [
    ['allowed', withKey, sign, '9000'],
    ['allowed', [...loggedIn, rsaKey], using('Sign', 2, algorithm.rsaPkcs1Sha256, hash), '9000'],
    ['not logged in', initialized, sign, '6982'],
    ['blocked', blocked, sign, '6982'],
    ['unknown key or file', loggedIn, sign, '6A82'],
    ['unknown algorithm', withKey, using('Sign', 1, 0x7f, hash), '6A86'],
    ['algorithm of another type of key', withKey, using('Sign', 1, algorithm.rsaPkcs1, hash), '6A81'],
    [
      'algorithm not in the list of the key',
      [...loggedIn, ecKey({ algorithms: Uint8Array.of(algorithm.ecdh) })],
      sign,
      '6A81',
    ],
    ['use counter used up', [...loggedIn, ecKey({ useCounter: 1 }), sign], sign, '6984'],
    ['wrong length', withKey, using('Sign', 1, algorithm.ecdsa, '00'.repeat(67)), '6700'],
    ['wrong data', [...loggedIn, rsaKey], using('Sign', 2, algorithm.rsaRaw, 'ff'.repeat(128)), '6A80'],
  ],
  Decipher: [
    ['allowed', withKey, agree, '9000'],
    ['not logged in', initialized, agree, '6982'],
    ['unknown key or file', loggedIn, agree, '6A82'],
    ['unknown algorithm', withKey, using('Decipher', 1, 0x7f, point), '6A86'],
    ['algorithm of another type of key', [...loggedIn, rsaKey], using('Decipher', 2, algorithm.ecdh, point), '6A81'],
    [
      'algorithm not in the list of the key',
      [...loggedIn, ecKey({ algorithms: Uint8Array.of(algorithm.ecdsa) })],
      agree,
      '6A81',
    ],
    ['use counter used up', [...loggedIn, ecKey({ useCounter: 0 })], agree, '6984'],
    ['wrong data', withKey, using('Decipher', 1, algorithm.ecdh, `04${'11'.repeat(64)}`), '6A80'],
    ['wrong length', withKey, using('Decipher', 1, algorithm.ecdh, '0411'), '6700'],
  ],
  GenerateSecretKey: [
    ['allowed', loggedIn, aesKey, '9000'],
    ['allowed', loggedIn, '004803B0', '9000'],
    ['not logged in', initialized, aesKey, '6982'],
    ['exists already', withSecretKey, aesKey, '6A89'],
    ['wrong data', loggedIn, '004803B2 05 9003000001', '6A80'],
    ['wrong parameters', loggedIn, '004803B3 06 910410111899', '6A86'],
  ],
  UseSecretKey: [
    ['allowed', withSecretKey, using('UseSecretKey', 3, algorithm.aesCbcEncrypt, hash), '9000'],
    ['allowed', withSecretKey, using('UseSecretKey', 3, algorithm.aesCbcDecrypt, hash), '9000'],
    ['allowed', withSecretKey, cmac, '9000'],
    ['allowed', withSecretKey, using('UseSecretKey', 3, algorithm.aesDerive, '6c6162656c'), '9000'],
    ['not logged in', initialized, cmac, '6982'],
    ['blocked', blocked, cmac, '6982'],
    ['unknown key or file', loggedIn, cmac, '6A82'],
    ['unknown algorithm', withSecretKey, using('UseSecretKey', 3, 0x7f, hash), '6A86'],
    ['algorithm of another type of key', withKey, using('UseSecretKey', 1, algorithm.aesCmac, hash), '6A81'],
    ['algorithm not in the list of the key', [...loggedIn, '004803B2 03 910110'], cmac, '6A81'],
    ['use counter used up', [...loggedIn, '004803B2 06 900400000001', cmac], cmac, '6984'],
    ['wrong length', withSecretKey, using('UseSecretKey', 3, algorithm.aesCbcEncrypt, '00'.repeat(17)), '6700'],
  ],
  DeriveKey: [
    ['allowed', withKey, derive, '9000'],
    ['not logged in', initialized, derive, '6982'],
    ['unknown key or file', loggedIn, derive, '6A82'],
    ['algorithm of another type of key', [...loggedIn, '004801B2'], derive, '6A81'],
    ['algorithm not in the list of the key', [...loggedIn, ecKey({ algorithms: Uint8Array.of(0x70) })], derive, '6A81'],
    ['use counter used up', [...loggedIn, ecKey({ useCounter: 0 })], derive, '6984'],
    ['exists already', [...withKey, '004804B0'], derive, '6A89'],
    ['wrong length', withKey, '80760104 01 98', '6700'],
    ['wrong data', withKey, '80760104 02 9901', '6A80'],
  ],
  QueryKeyDomain: [
    ['allowed', withDomains, '8052000000', '9000'],
    ['wrong parameters', initialized, '8052000000', '6D00'],
    ['wrong parameters', withDomains, '8052000100', '6A86'],
  ],
  ImportKeyShare: [
    ['allowed', withDomains, share, '9000'],
    ['not permitted', [...withDomains, share], share, '6986'],
    ['wrong length', withDomains, '8052000003 010203 00', '6700'],
  ],
  CreateKeyDomain: [
    ['allowed', withTwoDomains, '8052010001 02 00', '9000'],
    ['not logged in', withTwoDomains.slice(0, 1), '8052010001 02 00', '6982'],
    ['exists already', withDomains, '8052010001 02 00', '6A89'],
    ['wrong data', withTwoDomains, '8052010001 00 00', '6A80'],
    ['wrong length', withTwoDomains, '8052010002 0202 00', '6700'],
    ['wrong parameters', withTwoDomains, '8052010201 02 00', '6A86'],
  ],
  CreateGroupDomain: [
    ['not logged in', withTwoDomains.slice(0, 1), membership, '6982'],
    ['exists already', withDomains, membership, '6A89'],
    ['unknown key or file', withTwoDomains, membership, '6A88'],
    ['wrong signature', [...withTwoDomains, ...knowingAlice], membership, '6985'],
    ['wrong data', withTwoDomains, '8052020003 010203 00', '6A80'],
    ['wrong parameters', withTwoDomains, membership.replace('80520200', '80520202'), '6A86'],
  ],
  AgreeDomainKey: [
    ['not logged in', initialized, agreement, '6982'],
    ['unknown key or file', loggedIn, agreement, '6A82'],
    ['algorithm of another type of key', withKey, agreement, '6A81'],
    ['wrong data', withKey, '8062018403 010203', '6A80'],
  ],
  DeleteKeyDomain: [
    ['allowed', withDomains, '80520300', '9000'],
    ['not logged in', withDomains.slice(0, 1), '80520300', '6982'],
    ['not permitted', [...withDomains, ecKey()], '80520300', '6A89'],
    ['domain incomplete', withTwoDomains, '80520301', '6A88'],
  ],
  DeleteKeyEncryptionKey: [
    ['allowed', [...withDomains, share], '8052040000', '9000'],
    ['not logged in', withDomains.slice(0, 1), '8052040000', '6982'],
    ['domain incomplete', withTwoDomains, '8052040100', '6A88'],
  ],
  WrapKey: [
    ['allowed', [...withDomains, share, ecKey()], '80720192000000', '9000'],
    ['not logged in', withDomains.slice(0, 1), '80720192000000', '6982'],
    ['wrong length', [...withDomains, share, ecKey()], '8072019200', '6700'],
    ['not permitted', withKey, '80720192000000', '6D00'],
    ['unknown key or file', [...withDomains, share], '80720192000000', '6A82'],
    [
      'algorithm not in the list of the key',
      [...withDomains, share, ecKey({ algorithms: Uint8Array.of(algorithm.ecdsa) })],
      '80720192000000',
      '6A81',
    ],
    ['domain incomplete', [...withDomains, ecKey()], '80720192000000', '6A88'],
    ['wrong parameters', [...withDomains, share, ecKey()], '80720193000000', '6A86'],
  ],
  UnwrapKey: [
    ['allowed', [...withDomains, ownShare], unwrap, '9000'],
    ['not logged in', withDomains.slice(0, 1), unwrap, '6982'],
    ['not permitted', loggedIn, unwrap, '6D00'],
    ['exists already', [...withDomains, ownShare, ecKey()], unwrap, '6A89'],
    ['domain incomplete', withDomains, unwrap, '6A88'],
    ['wrong data', [...withDomains, share], unwrap, '6A80'],
    ['unknown key or file', [...withDomains, ownShare], '80740193', '6A82'],
  ],
  SetSecureMessaging: [
    ['allowed', initialized, '002241A40C800A04007F00070202030202', '9000'],
    ['wrong data', initialized, '002241A40C800A04007F00070202030299', '6A80'],
  ],
  AuthenticateChip: [
    [
      'allowed',
      [...initialized, '002241A40C800A04007F00070202030202'],
      `0086000045 7C438041${toHex(curveByName('brainpoolP256r1').domain.g)} 00`,
      '9000',
    ],
    ['wrong data', [...initialized, '002241A40C800A04007F00070202030202'], `0086000045 7C438041${point} 00`, '6A80'],
    ['not permitted', initialized, `0086000045 7C438041${toHex(curveByName('brainpoolP256r1').domain.g)} 00`, '6985'],
  ],
  SetVerificationKey: [
    ['allowed', initialized, chooseVerificationKey(alice.issuer), '9000'],
    ['unknown key or file', initialized, chooseVerificationKey(alice.device), '6A88'],
    ['wrong data', initialized, '002281B6028300', '6A80'],
  ],
  VerifyCertificate: [
    [
      'allowed',
      [...initialized, chooseVerificationKey(alice.issuer)],
      verifyCertificate(alice.certificates[0]!),
      '9000',
    ],
    ['unknown key or file', initialized, verifyCertificate(alice.certificates[0]!), '6A88'],
    ['wrong signature', [...initialized, chooseVerificationKey(alice.issuer)], forged, '6985'],
    ['wrong data', [...initialized, chooseVerificationKey(alice.issuer)], '002A00BE037F4E00', '6A80'],
  ],
  AuthenticationStatus: [
    ['allowed', guarded, '8054000004', '9000'],
    ['not initialised', [], '8054000004', '6D00'],
    ['not permitted', initialized, '8054000004', '6D00'],
  ],
  RegisterAuthenticationKey: [
    ['wrong data', withDevice, '8054000003420141', '6A80'],
    ['allowed', withDevice, register(alice.request), '9000'],
    ['not initialised', [], register(alice.request), '6D00'],
    ['unknown key or file', guarded, register(alice.request), '6A88'],
    ['not permitted', withAlice, register(alice.request), '6985'],
    ['nothing free', withOnlyAlice, register(alice.request), '6A84'],
  ],
  ReplaceAuthenticationKey: [
    ['wrong data', withAlice, '8054010003420141', '6A80'],
    ['not logged in', withAlice, replace, '6982'],
    ['not initialised', [], replace, '6D00'],
  ],
  AuthenticationKeyInfo: [
    ['allowed', withAlice, '8054020000', '9000'],
    ['unknown key or file', withAlice, '8054020100', '6A88'],
    ['wrong parameters', withAlice, '8054020200', '6A86'],
    ['not permitted', initialized, '8054020000', '6A86'],
  ],
  SetAuthenticationKey: [
    ['allowed', withOnlyAlice, chooseAuthenticationKey(alice.name), '9000'],
    ['unknown key or file', withOnlyAlice, chooseAuthenticationKey('ZZBOB00001'), '6A88'],
    ['keys missing', withAlice, chooseAuthenticationKey(alice.name), '6A88'],
  ],
  ExternalAuthenticate: [
    ['wrong signature', [...withOnlyAlice, chooseAuthenticationKey(alice.name), '0084000008'], wrongSignature, '6300'],
    ['not permitted', [...withOnlyAlice, chooseAuthenticationKey(alice.name)], wrongSignature, '6985'],
    ['not permitted', [...withOnlyAlice, '0084000008'], wrongSignature, '6985'],
    ['not initialised', [], wrongSignature, '6985'],
    ['wrong length', withAlice, '00820000', '6700'],
  ],
  MakeSessionPin: [
    ['not permitted', loggedIn, '805A018100', '6D00'],
    ['not logged in', [initialize.replace('80020001', '80020005')], '805A018100', '6982'],
  ],
} satisfies Partial<Record<keyof typeof commands, readonly Row[]>>

/** Commands of the application, sent where nobody has selected it. */
function unselected(name: keyof typeof commands, its: readonly Row[]): CardCase[] {
  if (name === 'SelectApplication') return []
  const { cla, ins } = commands[name]
  const answer = ins === commands.SelectFile.ins ? '6A82' : cla === 0x00 ? '6E00' : '6D00'
  // OpenSC's driver for unknown cards knows no extended lengths.
  const [, , command] = its.find(([, , sent]) => !decodeCommand(fromHex(sent)).extended) ?? its[0]!
  return [{ name: 'not selected', before: [], command, answer, unselected: true }]
}

/** The rows of each command. */
export const cardCases = new Map<string, readonly CardCase[]>(
  (Object.entries(rows) as [keyof typeof commands, readonly Row[]][]).map(([command, its]) => [
    command,
    [
      ...its.map(([name, before, apdu, answer]) => ({ name, before, command: apdu, answer })),
      ...unselected(command, its),
    ],
  ]),
)
