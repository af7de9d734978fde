/** What to try, to be copied into another terminal. */
import { isAbsolute } from 'node:path'
import { shellQuoted } from './data-folder.ts'

/**
 * Plain shell with curl and openssl: lists the keys, signs, verifies the signature; encrypts and decrypts.
 *
 * @param envFile as the user's shell finds it
 */
export function nextSteps(envFile: string): string {
  // Without a slash, the shell would look for the file in PATH.
  const file = isAbsolute(envFile) ? envFile : `./${envFile}`
  return `. ${shellQuoted(file)}
ask() { curl -s -H "Authorization: Bearer $KEYTETHER_TOKEN" -H 'Content-Type: application/json' "$@"; }
member() { sed -n "s/.*\\"$1\\": *\\"\\([^\\"]*\\)\\".*/\\1/p"; }

# The keys, and which tokens hold them
ask "$KEYTETHER_URL/v1/keys"

# Sign "hello" on a token, and verify the signature with openssl
MESSAGE=$(printf hello | openssl base64 -A)
ask -d "{\\"message\\": \\"$MESSAGE\\"}" "$KEYTETHER_URL/v1/keys/demo-ec/sign" | tee answer
member signature < answer | openssl base64 -d -A > signature
ask "$KEYTETHER_URL/v1/keys/demo-ec" | member publicKey | sed 's/\\\\n/\\n/g' > public.pem
printf hello | openssl dgst -sha256 -verify public.pem -signature signature

# Encrypt a secret under an AES key that never leaves the tokens, and decrypt it
ask -d "{\\"keys\\": [\\"demo-aes\\"], \\"plaintext\\": \\"$MESSAGE\\"}" "$KEYTETHER_URL/v1/encrypt" | tee answer
ask -d "{\\"keys\\": [\\"demo-aes\\"], \\"ciphertext\\": \\"$(member ciphertext < answer)\\"}" "$KEYTETHER_URL/v1/decrypt"
`
}
