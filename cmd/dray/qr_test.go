package main

import (
	"image/color"
	"strings"
	"testing"

	"github.com/boombuler/barcode/qr"
)

// TestDrawQR reads the modules back from what is drawn, with the light frame around them.
func TestDrawQR(t *testing.T) {
	const text = "otpauth://totp/the%20lab:amy?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		t.Fatal(err)
	}
	drawn, err := drawQR(text)
	if err != nil {
		t.Fatal(err)
	}
	size := code.Bounds().Dx()
	lines := strings.Split(strings.TrimSuffix(drawn, "\n"), "\n")
	if want := (size + 2*quiet + 1) / 2; len(lines) != want {
		t.Fatalf("%d lines; want %d", len(lines), want)
	}
	for i, line := range lines {
		line = strings.TrimSuffix(strings.TrimPrefix(line, "\x1b[97;40m"), "\x1b[0m")
		modules := []rune(line)
		if len(modules) != size+2*quiet {
			t.Fatalf("line %d has %d modules", i, len(modules))
		}
		for x, r := range modules {
			for half, dark := range map[int]bool{0: r == ' ' || r == '▄', 1: r == ' ' || r == '▀'} {
				cx, cy := x-quiet, 2*i+half-quiet
				within := cx >= 0 && cy >= 0 && cx < size && cy < size
				if want := within && code.At(cx, cy) == color.Black; dark != want && 2*i+half < size+2*quiet {
					t.Fatalf("module %d,%d is dark: %v", cx, cy, dark)
				}
			}
		}
	}
}
