/** Text from the other side, fit for a terminal or a log: no control characters, and not without end. */
export function printable(text: string, most = 4095): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, most)
}
