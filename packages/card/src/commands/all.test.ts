import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DecodeError, decode, fromHex, toHex } from '@keytether/codec'
import { vectors } from '@keytether/test/vectors'
import { decodeCommand } from '../apdu.ts'
import type { AnyCommand, DataOf, OutcomeOf, ParamsOf, RequestOptions } from '../command.ts'
import { AuthenticatedRequest, Certificate } from '../cvc/certificate.ts'
import { curveByName } from '../cvc/curves.ts'
import { keyAlgorithm } from '../cvc/public-key.ts'
import { UnexpectedStatusError } from '../errors.ts'
import { exchangeWords } from '../exchange-words.ts'
import * as card from '../index.ts'
import { algorithm, applicationId, commands } from '../index.ts'

interface Row<C extends AnyCommand> {
  readonly requests: readonly (readonly [
    name: string,
    params: ParamsOf<C>,
    data: DataOf<C>,
    hex: string,
    options?: RequestOptions,
  ])[]
  readonly responses: readonly (readonly [name: string, outcome: OutcomeOf<C>, hex: string])[]
}

const text = (ascii: string) => new TextEncoder().encode(ascii)
const userPin = text('648219')
const soPin = text('57621880')
const noData = undefined
const ok = { status: 'ok', data: noData } as const
const hash = new Uint8Array(32).fill(0x5a)
const blocks = new Uint8Array(512).fill(0xa5)
const domain = curveByName('secp256r1').domain
const complete = { shares: 1, outstanding: 0, keyCheckValue: fromHex('97e303855dc1c54d'), uid: new Uint8Array() }
const incomplete = { shares: 2, outstanding: 1, keyCheckValue: new Uint8Array(8), uid: new Uint8Array() }
const aid = toHex(applicationId)
const point = `04${'11'.repeat(64)}`

/** Status words that only some cards give, and what they mean. */
const also: { readonly [K in keyof typeof commands]?: Record<string, OutcomeOf<(typeof commands)[K]>['status']> } = {
  Verify: { '6700': 'wrongLength', '6a86': 'notInitialized' },
  ChangeReferenceData: { '6700': 'wrongLength' },
  ResetRetryCounter: { '6700': 'wrongLength', '6985': 'notAllowed' },
  DeleteFile: { '6986': 'notAllowed' },
  GenerateSecretKey: { '6d00': 'notSupported' },
  UseSecretKey: { '6a84': 'exhausted', '6985': 'algorithmNotAllowed', '6b00': 'unknownAlgorithm' },
  DeriveKey: { '6985': 'algorithmNotAllowed' },
  Sign: { '6a84': 'exhausted', '6985': 'algorithmNotAllowed', '6b00': 'unknownAlgorithm' },
  Decipher: { '6a84': 'exhausted', '6985': 'algorithmNotAllowed', '6b00': 'unknownAlgorithm' },
  SetVerificationKey: { '6a80': 'keyNotFound', '6a82': 'keyNotFound' },
  VerifyCertificate: { '6984': 'notVerified', '6300': 'notVerified' },
  AuthenticationStatus: { '6a86': 'notConfigured', '6a88': 'notConfigured' },
  RegisterAuthenticationKey: { '6a82': 'notConfigured' },
  ReplaceAuthenticationKey: { '6a82': 'notConfigured' },
  AuthenticationKeyInfo: { '6d00': 'noSuchKey' },
  AgreeDomainKey: { '6a84': 'exhausted' },
  QueryKeyDomain: { '6b00': 'noSuchDomain' },
  ImportKeyShare: { '6985': 'securityNotSatisfied', '6b00': 'noSuchDomain' },
  CreateKeyDomain: { '6985': 'securityNotSatisfied', '6b00': 'noSuchDomain' },
  CreateGroupDomain: { '6b00': 'noSuchDomain' },
  DeleteKeyDomain: { '6985': 'securityNotSatisfied', '6b00': 'noSuchDomain' },
  DeleteKeyEncryptionKey: { '6985': 'securityNotSatisfied', '6b00': 'noSuchDomain' },
  WrapKey: { '6985': 'algorithmNotAllowed' },
  UnwrapKey: { '6400': 'wrongData', '6984': 'wrongData' },
}

const { observed } = vectors<{ observed: { exchanges: { name: string; command: string }[] } }>('secure-messaging.json')
const generateEc = observed.exchanges.find(({ name }) => name === 'GENERATE KEY PAIR')!.command

const certificates = vectors<{ picoIssuer: string; picoRequest: string }>('certificates.json')
/** Contents, without the tags 7F21 and 67 and their lengths. */
const verifyIssuer = `002a00be e9 ${certificates.picoIssuer.slice(8)}`
const registration = certificates.picoRequest.slice(8)
const request = decode(AuthenticatedRequest, fromHex(certificates.picoRequest))
const counts = { total: 2, missing: 1, required: 2, authenticated: 0 }

/** Requests are those that OpenSC, sc-hsm-embedded and the Smart Card Shell were seen to send. */
const rows: { readonly [K in keyof typeof commands]: Row<(typeof commands)[K]> } = {
  SelectApplication: {
    requests: [
      ['OpenSC', { p2: 0x00 }, applicationId, `00a404000b${aid}00`],
      ['sc-hsm-embedded', { p2: 0x04 }, applicationId, `00a404040b${aid}00`],
      ['Smart Card Shell', { p2: 0x00 }, applicationId, `00a404000b${aid}`, { le: undefined }],
      ['another application', { p2: 0x00 }, fromHex('627601ff000000'), '00a4040007627601ff00000000'],
    ],
    responses: [
      [
        'kind and version',
        {
          status: 'ok',
          data: { kind: Uint8Array.of(0x78), version: { options: 1, type: 0, major: 4, minor: 1 } },
        },
        '620a820178850500010004019000',
      ],
      ['no parameters', ok, '9000'],
      ['not there', { status: 'notFound' }, '6a82'],
    ],
  },
  SelectFile: {
    requests: [
      ['OpenSC', { p2: 0x00 }, 0x2f03, '00a40000022f0300'],
      ['no parameters wanted', { p2: 0x0c }, 0x2f02, '00a4000c022f02', { le: undefined }],
    ],
    responses: [
      [
        'a file',
        { status: 'ok', data: { size: 0x31, kind: Uint8Array.of(1), fid: 0x2f03, lifeCycle: 5 } },
        '620e8102003182010183022f038a01059000',
      ],
      [
        'a key',
        {
          status: 'ok',
          data: {
            dataSize: 0,
            fid: 0xcc01,
            key: { useCounter: 5, algorithms: Uint8Array.of(algorithm.ecdsa, algorithm.ecdh), keyDomain: 2 },
          },
        },
        '621780020000 8302cc01 a50d 900400000005 91027080 920102 9000',
      ],
      ['not there', { status: 'notFound' }, '6a82'],
    ],
  },
  SelectPath: {
    requests: [
      ['EF.DIR', { p2: 0x00 }, fromHex('2f00'), '00a40800022f0000'],
      ['lastUpdate', { p2: 0x00 }, fromHex('50154946'), '00a40800045015494600'],
    ],
    responses: [['not there', { status: 'notFound' }, '6a82']],
  },
  Verify: {
    requests: [
      ['the user', { reference: 'user' }, userPin, '0020008106363438323139'],
      ['how many tries are left', { reference: 'user' }, new Uint8Array(), '00200081'],
      ['the same with Le', { reference: 'user' }, new Uint8Array(), '0020008100', { le: 256 }],
      ['the security officer', { reference: 'so' }, new Uint8Array(), '00200088'],
      ['a finger', { reference: 'biometric1' }, new Uint8Array(), '00200085'],
      ['another', { reference: 'biometric2' }, new Uint8Array(), '00200086'],
    ],
    responses: [
      ['verified', ok, '9000'],
      ['three tries left', { status: 'wrongPin', triesLeft: 3 }, '63c3'],
      ['none left', { status: 'wrongPin', triesLeft: 0 }, '63c0'],
      ['fifteen left', { status: 'wrongPin', triesLeft: 15 }, '63cf'],
      ['keys to be authenticated', { status: 'notAuthenticated' }, '6300'],
      ['blocked', { status: 'blocked' }, '6983'],
      ['transport PIN', { status: 'transportPin' }, '6984'],
      ['no PIN', { status: 'notInitialized' }, '6a88'],
      ['wrong length', { status: 'wrongLength' }, '6a80'],
    ],
  },
  ChangeReferenceData: {
    requests: [
      ['the user', { reference: 'user' }, text('648219123456'), '002400810c363438323139313233343536'],
      [
        'the security officer',
        { reference: 'so' },
        text('5762188011111111'),
        '002400881035373632313838303131313131313131',
      ],
    ],
    responses: [
      ['changed', ok, '9000'],
      ['wrong', { status: 'wrongPin', triesLeft: 2 }, '63c2'],
      ['blocked', { status: 'blocked' }, '6983'],
      ['no PIN', { status: 'notInitialized' }, '6a88'],
      ['wrong length', { status: 'wrongLength' }, '6a80'],
      ['not allowed', { status: 'notAllowed' }, '6986'],
    ],
  },
  ResetRetryCounter: {
    requests: [
      ['with a new PIN', { mode: 'setPin' }, text('57621880648219'), '002c00810e3537363231383830363438323139'],
      ['the counter alone', { mode: 'counterOnly' }, soPin, '002c0181083537363231383830'],
    ],
    responses: [
      ['unblocked', ok, '9000'],
      ['wrong', { status: 'wrongPin', triesLeft: 14 }, '63ce'],
      ['blocked', { status: 'blocked' }, '6983'],
      ['no PIN', { status: 'notInitialized' }, '6a88'],
      ['wrong length', { status: 'wrongLength' }, '6a80'],
      ['not allowed', { status: 'notAllowed' }, '6986'],
    ],
  },
  InitializeDevice: {
    requests: [
      [
        'sc-hsm-tool',
        {},
        { options: 0x0001, userPin, soPin, pinTries: 3, dkekShares: 1 },
        '805000001c 80020001 8106363438323139 82083537363231383830 910103 920101',
      ],
      [
        'C_InitToken',
        {},
        { options: 0x0001, userPin: text('576218'), soPin, pinTries: 3 },
        '8050000019 80020001 8106353736323138 82083537363231383830 910103',
      ],
      [
        'public key authentication and key domains',
        {},
        { options: 0x0011, soPin, pinTries: 3, publicKeyAuthentication: { total: 2, required: 1 }, keyDomains: 4 },
        '8050000018 80020011 82083537363231383830 910103 93020201 970104',
      ],
    ],
    responses: [
      ['done', ok, '9000'],
      ['wrong security officer', { status: 'wrongPin', triesLeft: 14 }, '63ce'],
      ['blocked', { status: 'blocked' }, '6983'],
      ['wrong data', { status: 'wrongData' }, '6a80'],
      ['not supported', { status: 'notSupported' }, '6a81'],
    ],
  },
  DeviceStatus: {
    requests: [['query', {}, noData, '8050000000']],
    responses: [
      [
        'version 3.5',
        { status: 'ok', data: { freeMemory: 0x12345, reserved: 0, major: 3, minor: 5 } },
        '000123450003059000',
      ],
    ],
  },
  GetChallenge: {
    requests: [
      ['eight bytes', {}, noData, '0084000008', { le: 8 }],
      ['256, where nothing is said', {}, noData, '0084000000'],
      ['1024', {}, noData, '00840000000400', { le: 1024 }],
    ],
    responses: [
      ['random bytes', { status: 'ok', data: fromHex('0001020304050607') }, '00010203040506079000'],
      ['too many', { status: 'wrongLength' }, '6700'],
    ],
  },
  EnumerateObjects: {
    requests: [
      ['extended', {}, noData, '80580000000000'],
      ['short', {}, noData, '8058000000', { le: 256 }],
    ],
    responses: [
      ['an empty device', { status: 'ok', data: [0xcc00, 0x2f02] }, 'cc002f029000'],
      ['nothing', { status: 'ok', data: [] }, '9000'],
    ],
  },
  ReadBinary: {
    requests: [
      ['OpenSC: the current file', { fid: card.currentFile }, { offset: 0 }, '00b100000454020000fe', { le: 254 }],
      ['short', { fid: 0x2f03 }, { offset: 0x0100 }, '00b12f03045402010000'],
      ['sc-hsm-embedded', { fid: 0x2f02 }, { offset: 0 }, '00b12f02000004540200000000', { le: 65536 }],
    ],
    responses: [
      ['content', { status: 'ok', data: fromHex('3010') }, '30109000'],
      ['the last of it', { status: 'endOfFile', data: fromHex('3010') }, '30106282'],
      ['at the end', { status: 'endOfFile', data: new Uint8Array() }, '6282'],
      ['not logged in', { status: 'securityNotSatisfied' }, '6982'],
      ['not there', { status: 'notFound' }, '6a82'],
      ['beyond the end', { status: 'wrongOffset' }, '6b00'],
    ],
  },
  UpdateBinary: {
    requests: [
      [
        'token information',
        { fid: 0x2f03 },
        { offset: 0, data: fromHex('3010020100 80076d79746f6b656e 03020520') },
        '00d72f0318 54020000 5312 301002010080076d79746f6b656e03020520',
      ],
      ['an empty file', { fid: 0xce01 }, { offset: 0, data: new Uint8Array() }, '00d7ce0106 54020000 5300'],
      [
        'OpenSC: a chunk with extended length',
        { fid: card.currentFile },
        { offset: 0x00ff, data: new Uint8Array(255) },
        `00d70000000106 540200ff 5381ff${'00'.repeat(255)}`,
      ],
    ],
    responses: [
      ['written', ok, '9000'],
      ['not logged in', { status: 'securityNotSatisfied' }, '6982'],
      ['no current file', { status: 'notFound' }, '6a82'],
      ['not to be written', { status: 'notAllowed' }, '6985'],
      ['full', { status: 'outOfMemory' }, '6a84'],
      ['beyond the end', { status: 'wrongOffset' }, '6b00'],
      ['not the name of a file', { status: 'wrongP1P2' }, '6a86'],
    ],
  },
  DeleteFile: {
    requests: [
      ['a certificate', { garbage: 'collect' }, 0xce01, '00e4020002ce01'],
      ['a key, in passing', { garbage: 'leave' }, 0xcc01, '00e4028002cc01'],
    ],
    responses: [
      ['deleted', ok, '9000'],
      ['not logged in', { status: 'securityNotSatisfied' }, '6982'],
      ['not there', { status: 'notFound' }, '6a82'],
      ['the device key', { status: 'notAllowed' }, '6985'],
    ],
  },
  GenerateKeyPair: {
    requests: [
      [
        'P-256, extended',
        { key: 1, signingKey: 0 },
        {
          profile: 0,
          authorityReference: 'UTCA00001',
          parameters: { kind: 'ec', oid: fromHex(keyAlgorithm.ecdsaSha256), domain },
          holderReference: 'UTCDUMMY00001',
        },
        generateEc,
        { le: 65536, extended: true },
      ],
      [
        'RSA, with everything and no answer wanted',
        { key: 2, signingKey: 0 },
        {
          profile: 0,
          authorityReference: 'UTCA00001',
          parameters: {
            kind: 'rsa',
            oid: fromHex(keyAlgorithm.rsaSha256),
            e: fromHex('010001'),
            bits: 2048,
          },
          holderReference: 'DECA00001',
          outerAuthorityReference: 'DECB00001',
          useCounter: 3,
          algorithms: Uint8Array.of(algorithm.rsaPkcs1),
          keyDomain: 1,
          wrappingKey: 9,
        },
        `00460200 4d 5f290100 4209${toHex(text('UTCA00001'))} 7f4915 060a${keyAlgorithm.rsaSha256} 8203010001 02020800
         5f2009${toHex(text('DECA00001'))} 4509${toHex(text('DECB00001'))} 900400000003 910130 920101 930109`,
        { le: undefined },
      ],
    ],
    responses: [
      ['the request', { status: 'ok', data: fromHex('6700') }, '67009000'],
      ['not logged in', { status: 'securityNotSatisfied' }, '6982'],
      ['wrong data', { status: 'wrongData' }, '6a80'],
      ['another curve', { status: 'notSupported' }, '6a81'],
      ['full', { status: 'outOfMemory' }, '6a84'],
      ['the reference is taken', { status: 'exists' }, '6a89'],
      ['the domain is not set up', { status: 'domainNotSetUp' }, '6a88'],
    ],
  },
  GenerateSecretKey: {
    requests: [
      ['sc-hsm-embedded', { key: 10, type: 'aes256' }, { algorithms: fromHex('10111899') }, '00480ab206910410111899'],
      [
        'with everything',
        { key: 1, type: 'aes128' },
        { useCounter: 3, algorithms: Uint8Array.of(algorithm.aesCmac), keyDomain: 1, wrappingKey: 9 },
        '004801b0 0f 900400000003 910118 920101 930109',
      ],
      ['with nothing', { key: 2, type: 'aes192' }, {}, '004802b1'],
    ],
    responses: [
      ['made', ok, '9000'],
      ['not logged in', { status: 'securityNotSatisfied' }, '6982'],
      ['wrong data', { status: 'wrongData' }, '6a80'],
      ['not in this domain', { status: 'notSupported' }, '6a81'],
      ['full', { status: 'outOfMemory' }, '6a84'],
      ['the reference is taken', { status: 'exists' }, '6a89'],
      ['the domain is not set up', { status: 'domainNotSetUp' }, '6a88'],
    ],
  },
  Sign: {
    requests: [
      [
        'OpenSC',
        { key: 1, algorithm: algorithm.ecdsa },
        hash,
        `80680170000020${toHex(hash)}0200`,
        { le: 512, extended: true },
      ],
      [
        'OpenSC, a message',
        { key: 1, algorithm: algorithm.ecdsaSha256 },
        text('hello\n'),
        '8068017300000668656c6c6f0a0200',
        { le: 512 },
      ],
      ['sc-hsm-embedded', { key: 1, algorithm: algorithm.ecdsa }, hash, `8068017020${toHex(hash)}00`, { le: 256 }],
      [
        'a padded block',
        { key: 2, algorithm: algorithm.rsaRaw },
        new Uint8Array(256),
        `80680220000100${'00'.repeat(256)}0000`,
      ],
    ],
    responses: [
      ['a signature', { status: 'ok', data: fromHex('3006020101020102') }, '30060201010201029000'],
      ['not logged in', { status: 'securityNotSatisfied' }, '6982'],
      ['no such key', { status: 'notFound' }, '6a82'],
      ['used up', { status: 'exhausted' }, '6984'],
      ['algorithm not allowed', { status: 'algorithmNotAllowed' }, '6a81'],
      ['wrong data', { status: 'wrongData' }, '6a80'],
      ['wrong length', { status: 'wrongLength' }, '6700'],
      ['no such algorithm', { status: 'unknownAlgorithm' }, '6a86'],
    ],
  },
  Decipher: {
    requests: [
      ['ECDH', { key: 2, algorithm: algorithm.ecdh }, fromHex(point), `80620280000041${point}0200`, { le: 512 }],
      [
        'RSA',
        { key: 1, algorithm: algorithm.rsaRawDecipher },
        new Uint8Array(256),
        `80620121000100${'00'.repeat(256)}0200`,
        { le: 512 },
      ],
    ],
    responses: [
      ['a shared point', { status: 'ok', data: fromHex(point) }, `${point}9000`],
      ['not logged in', { status: 'securityNotSatisfied' }, '6982'],
      ['no such key', { status: 'notFound' }, '6a82'],
      ['used up', { status: 'exhausted' }, '6984'],
      ['algorithm not allowed', { status: 'algorithmNotAllowed' }, '6a81'],
      ['wrong data', { status: 'wrongData' }, '6a80'],
      ['wrong length', { status: 'wrongLength' }, '6700'],
      ['no such algorithm', { status: 'unknownAlgorithm' }, '6a86'],
    ],
  },
  UseSecretKey: {
    requests: [
      ['sc-hsm-embedded', { key: 3, algorithm: algorithm.aesCmac }, hash, `8078031820${toHex(hash)}00`, { le: 256 }],
      ['many blocks', { key: 3, algorithm: algorithm.aesCbcEncrypt }, blocks, `80780310000200${toHex(blocks)}0000`],
      ['the MAC of nothing', { key: 3, algorithm: algorithm.aesCmac }, new Uint8Array(), '8078031800', { le: 256 }],
    ],
    responses: [
      ['blocks', { status: 'ok', data: hash }, `${toHex(hash)}9000`],
      ['not logged in', { status: 'securityNotSatisfied' }, '6982'],
      ['no such key', { status: 'notFound' }, '6a82'],
      ['used up', { status: 'exhausted' }, '6984'],
      ['algorithm not allowed', { status: 'algorithmNotAllowed' }, '6a81'],
      ['wrong data', { status: 'wrongData' }, '6a80'],
      ['wrong length', { status: 'wrongLength' }, '6700'],
      ['no such algorithm', { status: 'unknownAlgorithm' }, '6a86'],
    ],
  },
  DeriveKey: {
    requests: [['sc-hsm-embedded', { key: 1, newKey: 2 }, { parameter: fromHex('0102') }, '8076010203980102']],
    responses: [
      ['derived', ok, '9000'],
      ['not logged in', { status: 'securityNotSatisfied' }, '6982'],
      ['no such key', { status: 'notFound' }, '6a82'],
      ['used up', { status: 'exhausted' }, '6984'],
      ['algorithm not allowed', { status: 'algorithmNotAllowed' }, '6a81'],
      ['wrong data', { status: 'wrongData' }, '6a80'],
      ['wrong length', { status: 'wrongLength' }, '6700'],
      ['full', { status: 'outOfMemory' }, '6a84'],
      ['the reference is taken', { status: 'exists' }, '6a89'],
    ],
  },
  SetSecureMessaging: {
    requests: [
      ['AES', {}, { protocol: card.chipAuthenticationProtocol }, '002241a40c800a04007f00070202030202'],
      ['3DES', {}, { protocol: fromHex('04007f00070202030201') }, '002241a40c800a04007f00070202030201'],
    ],
    responses: [
      ['set', ok, '9000'],
      ['not supported', { status: 'notSupported' }, '6a80'],
    ],
  },
  AuthenticateChip: {
    requests: [['a point', {}, { ephemeralKey: fromHex(point) }, `00860000457c438041${point}00`]],
    responses: [
      [
        'nonce and token',
        { status: 'ok', data: { nonce: fromHex('f53968e70ebb5607'), token: fromHex('d1d1ecb2f2dfeb8e') } },
        '7c148108f53968e70ebb56078208d1d1ecb2f2dfeb8e9000',
      ],
      ['no point', { status: 'wrongData' }, '6a80'],
      ['no protocol set', { status: 'conditionsNotSatisfied' }, '6985'],
    ],
  },
  SetVerificationKey: {
    requests: [
      ['an issuer', {}, { holderReference: 'DESCHSMCA00001' }, `002281b610 830e${toHex(text('DESCHSMCA00001'))}`],
    ],
    responses: [
      ['the card has it', ok, '9000'],
      ['not known', { status: 'keyNotFound' }, '6a88'],
    ],
  },
  VerifyCertificate: {
    requests: [['an issuer', {}, decode(Certificate, fromHex(certificates.picoIssuer)), verifyIssuer]],
    responses: [
      ['verified', ok, '9000'],
      ['another issuer', { status: 'keyNotFound' }, '6a88'],
      ['wrong signature', { status: 'notVerified' }, '6985'],
      ['no certificate', { status: 'wrongData' }, '6a80'],
    ],
  },
  AuthenticationStatus: {
    requests: [['sc-hsm-tool', {}, noData, '8054000004']],
    responses: [
      ['one of two registered', { status: 'ok', data: counts }, '020102009000'],
      ['no public key authentication', { status: 'notConfigured' }, '6d00'],
    ],
  },
  RegisterAuthenticationKey: {
    requests: [['a key', {}, request, `80540000 0001ed ${registration} 0000`, { le: 65536 }]],
    responses: [
      ['registered', { status: 'ok', data: counts }, '020102009000'],
      ['no counts', ok, '9000'],
      ['not logged in', { status: 'securityNotSatisfied' }, '6982'],
      ['registered before', { status: 'notAllowed' }, '6985'],
      ['device not known', { status: 'keyNotFound' }, '6a88'],
      ['no request', { status: 'wrongData' }, '6a80'],
      ['all are registered', { status: 'full' }, '6a84'],
      ['no public key authentication', { status: 'notConfigured' }, '6d00'],
    ],
  },
  ReplaceAuthenticationKey: {
    requests: [['the second', { index: 1 }, request, `80540101 0001ed ${registration} 0000`, { le: 65536 }]],
    responses: [
      ['replaced', { status: 'ok', data: counts }, '020102009000'],
      ['no counts', ok, '9000'],
      ['not logged in', { status: 'securityNotSatisfied' }, '6982'],
      ['not with these options', { status: 'notAllowed' }, '6985'],
      ['device not known', { status: 'keyNotFound' }, '6a88'],
      ['no request', { status: 'wrongData' }, '6a80'],
      ['no such key', { status: 'noSuchKey' }, '6a86'],
      ['no public key authentication', { status: 'notConfigured' }, '6d00'],
    ],
  },
  AuthenticationKeyInfo: {
    requests: [['the first', { index: 0 }, noData, '8054020000']],
    responses: [
      [
        'not authenticated',
        { status: 'ok', data: { holderReference: 'DETEST00001' } },
        `${toHex(text('DETEST00001'))}9000`,
      ],
      [
        'authenticated',
        { status: 'authenticated', data: { holderReference: 'DETEST00001' } },
        `${toHex(text('DETEST00001'))}9001`,
      ],
      ['none', { status: 'empty' }, '6a88'],
      ['beyond the last', { status: 'noSuchKey' }, '6a86'],
    ],
  },
  SetAuthenticationKey: {
    requests: [['a key', {}, { holderReference: 'DETEST00001' }, `002281a40d 830b${toHex(text('DETEST00001'))}`]],
    responses: [
      ['chosen', ok, '9000'],
      ['authenticated already', { status: 'alreadyAuthenticated' }, '6985'],
      ['not registered', { status: 'keyNotFound' }, '6a88'],
    ],
  },
  ExternalAuthenticate: {
    requests: [['r and s', {}, new Uint8Array(64).fill(0x11), `0082000040 ${'11'.repeat(64)}`]],
    responses: [
      ['authenticated', ok, '9000'],
      ['wrong signature', { status: 'wrongSignature' }, '6300'],
      ['no challenge', { status: 'conditionsNotSatisfied' }, '6985'],
      ['no key chosen', { status: 'keyNotFound' }, '6a88'],
      ['wrong length', { status: 'wrongLength' }, '6700'],
    ],
  },
  MakeSessionPin: {
    requests: [['OpenSC', {}, noData, '805a018100']],
    responses: [
      ['a PIN', { status: 'ok', data: text('12345678') }, '31323334353637389000'],
      ['not protected, or not logged in', { status: 'securityNotSatisfied' }, '6982'],
      ['not with these options', { status: 'notSupported' }, '6d00'],
    ],
  },
  QueryKeyDomain: {
    requests: [
      ['OpenSC', { index: 0 }, noData, '8052000000'],
      ['the third', { index: 2 }, noData, '8052000200'],
    ],
    responses: [
      ['complete', { status: 'ok', data: complete }, `0100${toHex(complete.keyCheckValue)}9000`],
      ['a group', { status: 'ok', data: { ...complete, uid: hash } }, `010097e303855dc1c54d${toHex(hash)}9000`],
      ['not set up', { status: 'notSetUp' }, '6a88'],
      ['no such domain', { status: 'noSuchDomain' }, '6a86'],
      ['no domains', { status: 'notSupported' }, '6d00'],
    ],
  },
  ImportKeyShare: {
    requests: [['sc-hsm-tool', { index: 0 }, hash, `8052000020${toHex(hash)}00`]],
    responses: [
      ['one of two', { status: 'ok', data: incomplete }, '020100000000000000009000'],
      ['not logged in', { status: 'securityNotSatisfied' }, '6982'],
      ['not set up', { status: 'notSetUp' }, '6a88'],
      ['no such domain', { status: 'noSuchDomain' }, '6a86'],
      ['no domains', { status: 'notSupported' }, '6d00'],
      ['none is missing', { status: 'complete' }, '6986'],
      ['wrong length', { status: 'wrongLength' }, '6700'],
    ],
  },
  CreateKeyDomain: {
    requests: [['of two shares', { index: 1 }, { shares: 2 }, '80520101010200']],
    responses: [
      ['created', { status: 'ok', data: { ...incomplete, outstanding: 2 } }, '020200000000000000009000'],
      ['not logged in', { status: 'securityNotSatisfied' }, '6982'],
      ['no such domain', { status: 'noSuchDomain' }, '6a86'],
      ['no domains', { status: 'notSupported' }, '6d00'],
      ['there already', { status: 'exists' }, '6a89'],
      ['no shares', { status: 'wrongData' }, '6a80'],
      ['wrong length', { status: 'wrongLength' }, '6700'],
    ],
  },
  CreateGroupDomain: {
    requests: [
      [
        'of a group',
        { index: 1 },
        { request, signature: new Uint8Array(64).fill(0x22) },
        `80520201 00022f ${registration} 5440${'22'.repeat(64)} 0000`,
        { le: 65536 },
      ],
    ],
    responses: [
      [
        'created',
        { status: 'ok', data: { shares: 0, outstanding: 0, keyCheckValue: new Uint8Array(8), uid: hash } },
        `00000000000000000000${toHex(hash)}9000`,
      ],
      ['not logged in', { status: 'securityNotSatisfied' }, '6982'],
      ['no such domain', { status: 'noSuchDomain' }, '6a86'],
      ['no domains', { status: 'notSupported' }, '6d00'],
      ['there already', { status: 'exists' }, '6a89'],
      ['not for this device', { status: 'notVerified' }, '6985'],
      ['device not known', { status: 'keyNotFound' }, '6a88'],
      ['no request', { status: 'wrongData' }, '6a80'],
    ],
  },
  DeleteKeyDomain: {
    requests: [['OCF', { index: 1 }, noData, '8052030100']],
    responses: [
      ['deleted', { status: 'ok', data: new Uint8Array() }, '9000'],
      ['not logged in', { status: 'securityNotSatisfied' }, '6982'],
      ['not set up', { status: 'notSetUp' }, '6a88'],
      ['no such domain', { status: 'noSuchDomain' }, '6a86'],
      ['no domains', { status: 'notSupported' }, '6d00'],
      ['keys in it', { status: 'notEmpty' }, '6a89'],
    ],
  },
  DeleteKeyEncryptionKey: {
    requests: [['Smart Card Shell', { index: 1 }, noData, '8052040100']],
    responses: [
      ['deleted', { status: 'ok', data: { ...incomplete, outstanding: 2 } }, '020200000000000000009000'],
      ['not logged in', { status: 'securityNotSatisfied' }, '6982'],
      ['not set up', { status: 'notSetUp' }, '6a88'],
      ['no such domain', { status: 'noSuchDomain' }, '6a86'],
      ['no domains', { status: 'notSupported' }, '6d00'],
    ],
  },
  AgreeDomainKey: {
    requests: [
      ['the request of the other member', { key: 3 }, request, `80620384 0001ed ${registration}`],
      ['out of the scratch file', { key: 3 }, noData, '80620384'],
    ],
    responses: [
      ['agreed', ok, '9000'],
      ['not logged in', { status: 'securityNotSatisfied' }, '6982'],
      ['no such key', { status: 'notFound' }, '6a82'],
      ['used up', { status: 'exhausted' }, '6984'],
      ['no exchange key', { status: 'algorithmNotAllowed' }, '6a81'],
      ['another group', { status: 'notVerified' }, '6985'],
      ['device not known', { status: 'keyNotFound' }, '6a88'],
      ['no request', { status: 'wrongData' }, '6a80'],
    ],
  },
  WrapKey: {
    requests: [['OpenSC', { key: 1 }, noData, '80720192000000']],
    responses: [
      ['a wrapped key', { status: 'ok', data: hash }, `${toHex(hash)}9000`],
      ['not logged in', { status: 'securityNotSatisfied' }, '6982'],
      ['no such key', { status: 'notFound' }, '6a82'],
      ['not to be wrapped', { status: 'algorithmNotAllowed' }, '6a81'],
      ['domain incomplete', { status: 'incomplete' }, '6a88'],
      ['no domains', { status: 'notSupported' }, '6d00'],
    ],
  },
  UnwrapKey: {
    requests: [
      ['OpenSC 0.23', { key: 1 }, new Uint8Array(300), `80740193 00012c ${'00'.repeat(300)}`],
      ['OpenSC after it: out of the scratch file', { key: 2 }, new Uint8Array(), '80740293'],
    ],
    responses: [
      ['done', { status: 'ok', data: new Uint8Array() }, '9000'],
      ['done, with a request, from Pico', { status: 'ok', data: fromHex('670101') }, '6701019000'],
      ['not logged in', { status: 'securityNotSatisfied' }, '6982'],
      ['another domain', { status: 'wrongData' }, '6a80'],
      ['the reference is taken', { status: 'exists' }, '6a89'],
      ['nothing in the scratch file', { status: 'notFound' }, '6a82'],
      ['full', { status: 'outOfMemory' }, '6a84'],
      ['no domain is complete', { status: 'incomplete' }, '6a88'],
      ['no domains', { status: 'notSupported' }, '6d00'],
    ],
  },
}

const tries = Array.from({ length: 16 }, (_, left) => 0x63c0 | left)
/** Status words that no command lists, among them those that ask for another command. */
const others = [...tries, 0x6100, 0x6281, 0x63d0, 0x6401, 0x6581, 0x6c10, 0x9001, 0x9f00]

test('every command has a row, and is one that the emulator must handle', () => {
  const isCommand = (value: unknown) => typeof value === 'object' && value !== null && 'encodeRequest' in value
  const exported = Object.entries(card).flatMap(([name, value]) => (isCommand(value) ? [name] : []))
  assert.deepEqual(
    exported.filter(name => !(name in rows)),
    [],
  )
  assert.deepEqual(Object.keys(rows).toSorted(), Object.keys(commands).toSorted())
})

for (const [name, command] of Object.entries(commands) as [keyof typeof commands, AnyCommand][]) {
  const { requests, responses } = rows[name] as Row<AnyCommand>
  describe(name, () => {
    for (const [what, params, data, hex, options] of requests) {
      const bytes = fromHex(hex)
      test(`request, ${what}: written`, () => {
        assert.equal(toHex(command.encodeRequest(params, data, options)), toHex(bytes))
      })
      test(`request, ${what}: read`, () => {
        const apdu = decodeCommand(bytes)
        const matching = Object.entries(commands).flatMap(([other, it]) => (it.matches(apdu) ? [other] : []))
        assert.deepEqual(matching, [name])
        assert.deepEqual(command.decodeParams(apdu), params)
        assert.deepEqual(command.decodeData(apdu), data)
      })
    }
    for (const [what, outcome, hex] of responses) {
      const bytes = fromHex(hex)
      test(`response, ${what}: written`, () => assert.equal(toHex(command.encodeResponse(outcome)), toHex(bytes)))
      test(`response, ${what}: read`, () => assert.deepEqual(command.decodeResponse(bytes), outcome))
    }
    for (const [hex, status] of Object.entries(also[name] ?? {})) {
      test(`response, ${hex}: read`, () => assert.deepEqual(command.decodeResponse(fromHex(hex)), { status }))
    }

    test('every outcome that it lists has a row, and no other status word is one', () => {
      const words = [...responses.map(([, , hex]) => hex.slice(-4)), ...Object.keys(also[name] ?? {})]
      const listed = new Set(words.map(hex => Number.parseInt(hex, 16)))
      for (const sw of [...Object.values(card.sw), ...others]) {
        const isTries = (sw & 0xfff0) === 0x63c0 && [...listed].some(other => (other & 0xfff0) === 0x63c0)
        if (sw === 0x9000 || listed.has(sw) || isTries) continue
        const bytes = Uint8Array.of(sw >> 8, sw & 0xff)
        assert.throws(
          () => command.decodeResponse(bytes),
          error => error instanceof UnexpectedStatusError && error.sw === sw && error.command === command.name,
        )
      }
    })

    test('an outcome that it does not have cannot be written', () => {
      assert.throws(() => command.encodeResponse({ status: 'another' }), RangeError)
      assert.throws(() => command.encodeResponse({ status: 'toString' }), RangeError)
    })

    test('a response without a status word is refused', () => {
      for (const bytes of [new Uint8Array(), Uint8Array.of(0x90)]) {
        assert.throws(() => command.decodeResponse(bytes), DecodeError)
      }
    })
  })
}

test('more tries than a status word has room for are the caller’s fault', () => {
  for (const triesLeft of [-1, 16, Number.NaN]) {
    assert.throws(() => commands.Verify.encodeResponse({ status: 'wrongPin', triesLeft }), RangeError)
  }
})

test('the message of an unexpected status word says whose answer it is, and what it means', () => {
  assert.throws(
    () => commands.Sign.decodeResponse(fromHex('6f00')),
    /^UnexpectedStatusError: SIGN: the card answered 6F00 \(internal error of the card\)$/,
  )
  assert.throws(() => commands.Sign.decodeResponse(fromHex('6faa')), /6FAA \(unknown status\)/)
  assert.throws(() => commands.Sign.decodeResponse(fromHex('63c2')), /63C2 \(2 tries left\)/)
})

describe('requests that are not a command’s', () => {
  const rest: readonly (readonly [name: string, hex: string])[] = [
    ['another class', '10200081'],
    ['P1 of VERIFY', '00200181'],
    ['a PIN that there is not', '00200082'],
    ['RESET RETRY COUNTER in a session', '002c0281'],
    ['GET CHALLENGE with P2', '0084000108'],
    ['a secret key of 512 bits', '004801b303910110'],
    ['MANAGE SECURITY ENVIRONMENT for another use', '0022c1b603830141'],
    ['a session PIN for another PIN', '805a018800'],
    ['an instruction that there is not', '00fe000000'],
  ]
  for (const [name, hex] of rest) {
    test(name, () => {
      const apdu = decodeCommand(fromHex(hex))
      assert.ok(Object.values(commands).every(command => !command.matches(apdu)))
    })
  }
})

describe('request data that are malformed', () => {
  const bad: readonly (readonly [name: string, command: AnyCommand, hex: string, message: RegExp])[] = [
    ['a file identifier of one byte', commands.SelectFile, '00a40000012f', /wanted 1 bytes, 0 left/],
    ['a PIN of 17 bytes', commands.Verify, `0020008111${'31'.repeat(17)}`, /wanted 0 to 16 bytes, got 17/],
    ['no offset', commands.ReadBinary, '00b12f03025300', /tag 53 is not allowed here/],
    ['an offset of three bytes', commands.ReadBinary, '00b12f03055403000000', /1 bytes left over/],
    ['no data to write', commands.UpdateBinary, '00d72f030454020000', /data \(tag 53\) is missing/],
    ['no security officer', commands.InitializeDevice, '805000000480020001', /soPin \(tag 82\) is missing/],
    [
      'a user PIN of five bytes',
      commands.InitializeDevice,
      '8050000007 8105 3132333435',
      /wanted 6 to 16 bytes, got 5/,
    ],
    ['an unknown option', commands.InitializeDevice, '80500000039401 01', /tag 94 is not allowed here/],
    ['no key to generate', commands.GenerateKeyPair, '00460100045f290100', /parameters \(tag 7F49\) is missing/],
    ['a key derived in another way', commands.DeriveKey, '80760102029901', /wanted 98/],
    ['no protocol', commands.SetSecureMessaging, '002241a4028000', /wanted 1 to 16 bytes, got 0/],
    ['no name of a key', commands.SetVerificationKey, '002281b6028300', /wanted 1 to 16 bytes, got 0/],
    ['a name of 17 bytes', commands.SetAuthenticationKey, `002281a413 8311${'41'.repeat(17)}`, /got 17/],
    ['half a certificate', commands.VerifyCertificate, '002a00be03 7f4e00', /profile \(tag 5F29\) is missing/],
    ['no outer signature', commands.RegisterAuthenticationKey, '8054000003 420141', /tag 42 is out of order|missing/],
    ['no signature', commands.ExternalAuthenticate, '00820000', /wanted 1 to 1024 bytes, got 0/],
    ['an empty point', commands.AuthenticateChip, '00860000047c02800000', /wanted 1 to 133 bytes, got 0/],
  ]
  for (const [name, command, hex, message] of bad) {
    test(name, () => {
      const apdu = decodeCommand(fromHex(hex))
      assert.ok(command.matches(apdu))
      assert.throws(
        () => command.decodeData(apdu),
        error => error instanceof DecodeError && message.test(error.message),
      )
    })
  }
})

describe('requests that only some programs send', () => {
  const read: readonly (readonly [name: string, command: AnyCommand, hex: string, data: unknown])[] = [
    ['OCF: an elementary file', commands.SelectFile, '00a4020002cc0100', 0xcc01],
    ['pypicohsm: a file to delete', commands.DeleteFile, '00e40000000002cc010000', 0xcc01],
    [
      'pypicohsm: a length longer than it needs to be',
      commands.UpdateBinary,
      '00d7cf0100000a 54020000 53820002 aabb 0000',
      { offset: 0, data: fromHex('aabb') },
    ],
    [
      'pypicohsm: RSA without an exponent',
      commands.GenerateKeyPair,
      '00460100 00001e 5f290100 7f4910 060a04007f00070202020102 02020400 5f20015a 920100 0000',
      {
        profile: 0,
        parameters: { kind: 'rsa', oid: fromHex('04007f00070202020102'), e: fromHex('010001'), bits: 1024 },
        holderReference: 'Z',
        keyDomain: 0,
      },
    ],
  ]
  for (const [name, command, hex, data] of read) {
    test(name, () => {
      const apdu = decodeCommand(fromHex(hex))
      assert.ok(command.matches(apdu))
      assert.deepEqual(command.decodeData(apdu), data)
    })
  }
})

describe('responses that only some cards give', () => {
  test('a version of two bytes, from cards before 2.0', () => {
    const outcome = commands.SelectApplication.decodeResponse(fromHex('6204850201029000'))
    assert.deepEqual(outcome, { status: 'ok', data: { version: { options: 0, type: 0, major: 1, minor: 2 } } })
  })
  test('a size of four bytes', () => {
    const outcome = commands.SelectApplication.decodeResponse(fromHex('620d 810400014000 85050001000401 9000'))
    const version = { options: 1, type: 0, major: 4, minor: 1 }
    assert.deepEqual(outcome, { status: 'ok', data: { size: 0x14000, version } })
    assert.equal(toHex(commands.SelectApplication.encodeResponse(outcome)), '620d810400014000850500010004019000')
  })
  test('a length longer than it needs to be', () => {
    const outcome = commands.SelectApplication.decodeResponse(fromHex('628107 8505 0001000401 9000'))
    assert.deepEqual(outcome, { status: 'ok', data: { version: { options: 1, type: 0, major: 4, minor: 1 } } })
  })
  test('parameters in another order, with some that we do not know', () => {
    const hex = `621f 8505ffff000305 840b${aid} a505 8103010203 82021234 9000`
    const outcome = commands.SelectApplication.decodeResponse(fromHex(hex))
    assert.deepEqual(outcome, {
      status: 'ok',
      data: {
        version: { options: 0xffff, type: 0, major: 3, minor: 5 },
        name: applicationId,
        kind: fromHex('1234'),
      },
    })
  })
})

/** What only the two ends may know, where commands hold it: a new command has to say so here. */
const secrets: { readonly [K in keyof typeof commands]: 'none' | 'command' | 'answer' | 'both' } = {
  SelectApplication: 'none',
  SelectFile: 'none',
  SelectPath: 'none',
  Verify: 'command',
  ChangeReferenceData: 'command',
  ResetRetryCounter: 'command',
  InitializeDevice: 'command',
  DeviceStatus: 'none',
  GetChallenge: 'answer',
  EnumerateObjects: 'none',
  ReadBinary: 'answer',
  UpdateBinary: 'command',
  DeleteFile: 'none',
  GenerateKeyPair: 'none',
  GenerateSecretKey: 'none',
  Sign: 'answer',
  Decipher: 'answer',
  UseSecretKey: 'both',
  DeriveKey: 'command',
  SetSecureMessaging: 'none',
  AuthenticateChip: 'none',
  SetVerificationKey: 'none',
  VerifyCertificate: 'none',
  AuthenticationStatus: 'none',
  RegisterAuthenticationKey: 'none',
  ReplaceAuthenticationKey: 'none',
  AuthenticationKeyInfo: 'none',
  SetAuthenticationKey: 'none',
  ExternalAuthenticate: 'none',
  MakeSessionPin: 'answer',
  QueryKeyDomain: 'none',
  ImportKeyShare: 'command',
  CreateKeyDomain: 'none',
  CreateGroupDomain: 'none',
  DeleteKeyDomain: 'none',
  DeleteKeyEncryptionKey: 'none',
  AgreeDomainKey: 'none',
  WrapKey: 'answer',
  UnwrapKey: 'command',
}

describe('secrets', () => {
  for (const [name, where] of Object.entries(secrets) as [keyof typeof commands, string][]) {
    test(`${name}: ${where}`, () => {
      const { requests, responses } = rows[name]
      const shownIn = (found: boolean) => (found ? 'secret' : 'open')
      const inCommand = requests.some(([, , , hex]) => /\bsecret\b/.test(exchangeWords(fromHex(hex), undefined).data))
      const command = fromHex(requests[0]![3])
      const inAnswer = responses.some(([, , hex]) => /\bsecret\b/.test(exchangeWords(command, fromHex(hex)).answer))
      const wanted = { none: [false, false], command: [true, false], answer: [false, true], both: [true, true] }[where]!
      assert.deepEqual([inCommand, inAnswer].map(shownIn), wanted.map(shownIn))
    })
  }
})
