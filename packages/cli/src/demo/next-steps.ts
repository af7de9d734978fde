/** What to try, to be copied into another terminal. */
import { isAbsolute } from 'node:path'
import { shellQuoted } from './data-folder.ts'

/**
 * Plain shell with curl and openssl: lists the keys, signs a hash, verifies the signature.
 *
 * @param envFile as the user's shell finds it
 * @param keyId of an EC key
 */
export function nextSteps(envFile: string, keyId: string): string {
  // Without a slash, the shell would look for the file in PATH.
  const file = isAbsolute(envFile) ? envFile : `./${envFile}`
  return `. ${shellQuoted(file)}
AUTH="Authorization: Bearer $KEYTETHER_TOKEN"

# List the keys
curl -s -H "$AUTH" "$KEYTETHER_URL/se/api/keys"

# Sign the SHA-256 hash of "hello"
KEY="$KEYTETHER_URL/se/api/keys/${keyId}"
HASH=$(printf hello | openssl dgst -sha256 -r | cut -d' ' -f1)
ANSWER=$(curl -s -H "$AUTH" -H 'Content-Type: application/json' \\
  -d "{\\"hash\\": \\"$HASH\\", \\"algo\\": \\"ECDSA\\"}" "$KEY/signhash")
echo "$ANSWER"

# Verify the signature with the public key
echo "$ANSWER" | perl -ne 'print pack "H*", $1 if /"signature": *"(\\w+)"/' > signature
curl -s -H "$AUTH" "$KEY" | sed -n 's/.*"pubkey": *"\\(.*\\)".*/\\1/p' | openssl base64 -d -A > public.der
printf hello | openssl dgst -sha256 -verify public.der -keyform DER -signature signature
`
}
