package judges

import (
	"crypto/sha256"
	"math/rand/v2"
	"testing"
)

// content makes size bytes, the same for the same size, that look like noise: every value
// and every sequence that a transfer could trip over is in there.
func content(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{byte(size), byte(size >> 8), byte(size >> 16)}).Read(b) // it never fails
	return b
}

// sameContent compares by digest, so that a failure does not print megabytes.
func sameContent(t *testing.T, got, want []byte) {
	t.Helper()
	if sha256.Sum256(got) != sha256.Sum256(want) {
		t.Errorf("got %d bytes with SHA-256 %x; want %d with %x",
			len(got), sha256.Sum256(got), len(want), sha256.Sum256(want))
	}
}

// must fails the test at once if there is an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
