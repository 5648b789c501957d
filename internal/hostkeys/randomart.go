package hostkeys

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"
)

const (
	artWidth  = 17
	artHeight = 9
)

// Art draws the SHA-256 of a key as OpenSSH's ssh -o VisualHostKey=yes does: a bishop
// walks from the middle over a board, by two bits a step, and each square shows how often
// it was visited. It ends without a line feed.
func Art(key ssh.PublicKey) string {
	const signs = " .o+=*BOX@%&#/^SE"
	const start, end = len(signs) - 2, len(signs) - 1
	var board [artHeight][artWidth]int
	x, y := artWidth/2, artHeight/2
	sum := sha256.Sum256(key.Marshal())
	for _, octet := range sum {
		for range 4 {
			x = min(max(x+int(octet&1)*2-1, 0), artWidth-1)
			y = min(max(y+int(octet>>1&1)*2-1, 0), artHeight-1)
			board[y][x] = min(board[y][x]+1, start-1)
			octet >>= 2
		}
	}
	board[artHeight/2][artWidth/2] = start
	board[y][x] = end
	var b strings.Builder
	fmt.Fprintf(&b, "+%s+\n", centred("["+kind(key)+"]"))
	for _, row := range board {
		b.WriteByte('|')
		for _, visits := range row {
			b.WriteByte(signs[visits])
		}
		b.WriteString("|\n")
	}
	fmt.Fprintf(&b, "+%s+", centred("[SHA256]"))
	return b.String()
}

func centred(title string) string {
	left := max(0, (artWidth-len(title))/2)
	return strings.Repeat("-", left) + title + strings.Repeat("-", max(0, artWidth-left-len(title)))
}

// kind is what people call the type of a key.
func kind(key ssh.PublicKey) string {
	switch key.Type() {
	case ssh.KeyAlgoED25519:
		return "ED25519 256"
	case ssh.KeyAlgoECDSA256:
		return "ECDSA 256"
	case ssh.KeyAlgoRSA:
		return fmt.Sprintf("RSA %d", rsaBits)
	}
	return key.Type()
}
