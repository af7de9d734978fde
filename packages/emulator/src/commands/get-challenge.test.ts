/** GET CHALLENGE. */
import { exchanges } from '@keytether/test/emulated-token'

exchanges('GET CHALLENGE', 'selected', [
  ['eight bytes', '0084000008', /^.{16}9000$/],
  ['256', '0084000000', /^.{512}9000$/],
  ['1024', '00840000000400', /^.{2048}9000$/],
  ['more', '00840000000401', '6700'],
  ['the greatest Le', '00840000000000', '6700'],
  ['none', '00840000', '6700'],
])
