/** What programs for the real card send, byte for byte, where no interoperability test runs them. */
import { exchanges, pin, soPin } from '@keytether/test/emulated-token'

const aid = 'E82B0601040181C31F0201'
const p256 =
  '7F4981DA 060A04007F00070202020203' +
  '8120FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF' +
  '8220FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFC' +
  '83205AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B' +
  '8441046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C2964FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5' +
  '8520FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551' +
  '870101'
const hash = '5A'.repeat(32)
const point = /8441(04.{128})8520/.exec(p256)![1]!

exchanges("CardContact's scripts for the Smart Card Shell", 'powered', [
  ['is the application selected?', '00200081', '6E00'],
  ['select, without Le', `00A404040B${aid}`, '9000'],
  ['is it initialised?', '0020008100', '6A88'],
  ['initialise', `805000001C 80020001 8106${pin} 8208${soPin} 910103 920101`, '9000'],
  ['status of the initialisation code', '0020008800', '63CF'],
  ['status of the DKEK', '8052000000', `0101${'00'.repeat(8)}9000`],
  ['a share', `8052000020 ${hash} 00`, /^0100.{16}9000$/],
  ['verify', `0020008106${pin}`, '9000'],
  [
    'generate',
    `00460100 0000FB 5F290100 4209555443413030303031 ${p256} 5F200B55544E554C4C3030303030 0000`,
    /^67.*9000$/,
  ],
  ['describe', '00D7C401 0C 54020000 5306 A00430020C00', '9000'],
  ['list', '80580000 000000', 'CC002F02CC01C401CE019000'],
  ['read the description', '00B1C401 000004 54020000 0000', 'A00430020C006282'],
  ['sign', `80680173 05 68656C6C6F 00`, /^30.*9000$/],
  ['agree on a secret', `80620180 41 ${point} 00`, /^04.{128}9000$/],
  ['random bytes', '00840000 20', /^.{64}9000$/],
  ['wrap', '80720192 000000', /9000$/],
  ['change the PIN', `00240081 0C ${pin} 313131313131`, '9000'],
  ['delete', '00E40200 02 CC01', '9000'],
  ['log out', `00A404040B${aid}`, '9000'],
  ['status', '0020008100', '63C3'],
])

exchanges("CardContact's card service for the OpenCard Framework", 'powered', [
  ['is it selected and open?', '00200081', '6E00'],
  ['select', `00A404000B${aid}00`, /^62.*85050000000401.*9000$/],
  ['initialise with a transport PIN', `805000001C 80020003 8106${pin} 8208${soPin} 910103 920102`, '9000'],
  ['status', '00200081', '6984'],
  ['fingerprints', '00200085', '6A88'],
  ['change the PIN', `00240081 0C ${pin} 313131313131`, '9000'],
  ['who has changed it is logged in', '00200081', '9000'],
  ['key domains', '8052000000', /^0202.{16}9000$/],
  ['up to the last', '8052000100', '6A86'],
  ['an AES key', '00480AB2 06 910410111899', '9000'],
  ['list', '80580000 000000', 'CC002F02CC0A9000'],
  ['parameters of the key', '00A4020002CC0A00', /A5099104101118999201009000$/],
  ['derive', '80780A99 05 6C6162656C 00', /^.{64}9000$/],
  ['write, with extended lengths', '00D7C40A 00000A 54020000 5304 30020500', '9000'],
  ['read, with extended lengths', '00B1C40A 000004 54020000 04AF', '300205006282'],
  ['delete without collecting garbage', '00E40280 02 CC0A', '9000'],
  ['unblock', `002C0081 0E ${soPin} ${pin}`, '9000'],
  ['reset the counter', `002C0181 08 ${soPin}`, '9000'],
  ['delete the domain', '8052030000', '6982'],
  ['log in', `00200081 06 ${pin}`, '9000'],
  ['delete the domain', '8052030000', '9000'],
])

exchanges("pico-hsm's program pypicohsm", 'powered', [
  ['select', `00A404000B${aid}00`, /9000$/],
  ['certificates', '00B12F02 000004 54020000 0000', /^7F21.*6282$/],
  ['tries', '00200081 000000', '6A88'],
  ['initialise', `80500000 00001C 80020001 8106${pin} 8208${soPin} 910103 970102 0000`, '9000'],
  ['version', '80500000 000000', /^.{8}0004019000$/],
  ['log in', `00200081 000006 ${pin} 0000`, '9000'],
  ['domain', '80520000 000000', '6A88'],
  ['set it up', '80520100 000001 01 0000', `0101${'00'.repeat(8)}9000`],
  ['a share', `80520000 000020 ${hash} 0000`, /^0100.{16}9000$/],
  ['list', '00580000 000000', 'CC002F029000'],
  [
    'RSA',
    '00460100 000026 5F290100 4209555443413030303031 7F4910 060A04007F00070202020102 02020400 5F20015A 0000',
    /^67.*9000$/,
  ],
  ['AES', '004802B2 000000', '9000'],
  ['sign', `80680133 000005 68656C6C6F 0000`, /^.{256}9000$/],
  ['decrypt', `00620121 000080 ${'00'.repeat(127)}02 0000`, /^.{256}9000$/],
  ['cipher', `80780210 000010 ${'00'.repeat(16)} 0000`, /^.{32}9000$/],
  ['export', '80720192 000000', /9000$/],
  ['random bytes', '80840000 000010', /^.{32}9000$/],
  ['write', '00D7CF01 00000A 54020000 53820002 AABB 0000', '9000'],
  ['read', '00B1CF01 000004 54020000 0000', 'AABB6282'],
  ['select', '00A40000 000002 CF01 0000', /^62.*9000$/],
  ['delete', '00E40000 000002 CF01 0000', '9000'],
  ['no public key authentication', '80540200 000000', '6A86'],
  ['clear the domain', '80520400 000000', `0101${'00'.repeat(8)}9000`],
  ['keys are in it', '80520300 000000', '6A89'],
])
