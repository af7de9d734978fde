// What Go's own library for transparency logs makes of an export: the root of its tree over the records, and whether the
// checkpoint is a note that the keys signed. Then the same the other way round: a checkpoint that it signs itself.
//
// Usage: tlog EXPORT KEY... prints size, root and the names of the algorithms that signed; then a key, and a note with its signature.
package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type ecdsaVerifier struct {
	name string
	der  []byte
	key  *ecdsa.PublicKey
}

func (v *ecdsaVerifier) Name() string { return v.name }

func (v *ecdsaVerifier) KeyHash() uint32 {
	sum := sha256.Sum256(v.der)
	return binary.BigEndian.Uint32(sum[:])
}

func (v *ecdsaVerifier) Verify(msg, sig []byte) bool {
	digest := sha256.Sum256(msg)
	return ecdsa.VerifyASN1(v.key, digest[:], sig)
}

type storage []tlog.Hash

func (s storage) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var hashes []tlog.Hash
	for _, i := range indexes {
		hashes = append(hashes, s[i])
	}
	return hashes, nil
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func verifier(line string) note.Verifier {
	parts := strings.SplitN(line, "+", 3)
	typed := must(base64.StdEncoding.DecodeString(parts[2]))
	if typed[0] != 2 {
		return must(note.NewVerifier(line))
	}
	key := must(x509.ParsePKIXPublicKey(typed[1:])).(*ecdsa.PublicKey)
	return &ecdsaVerifier{parts[0], typed[1:], key}
}

func main() {
	lines := bufio.NewScanner(must(os.Open(os.Args[1])))
	lines.Buffer(nil, 1<<20)
	lines.Scan()
	var header struct{ Origin, Checkpoint string }
	if err := json.Unmarshal(lines.Bytes(), &header); err != nil {
		panic(err)
	}
	var hashes storage
	var size int64
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), `{"checkpoint"`) {
			continue
		}
		hashes = append(hashes, must(tlog.StoredHashes(size, lines.Bytes(), hashes))...)
		size++
	}
	root := must(tlog.TreeHash(size, hashes))
	fmt.Println(size, root)

	var verifiers []note.Verifier
	for _, key := range os.Args[2:] {
		verifiers = append(verifiers, verifier(key))
	}
	opened := must(note.Open([]byte(header.Checkpoint), note.VerifierList(verifiers...)))
	fmt.Println(len(opened.Sigs), len(opened.UnverifiedSigs))

	private, public, err := note.GenerateKey(rand.Reader, header.Origin)
	if err != nil {
		panic(err)
	}
	text := fmt.Sprintf("%s\n%d\n%s\n", header.Origin, size, root)
	signed := must(note.Sign(&note.Note{Text: text}, must(note.NewSigner(private))))
	fmt.Printf("%s\n%s", public, signed)
}
