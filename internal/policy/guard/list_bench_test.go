//go:build unix

package guard_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dray/internal/identity"
	"dray/internal/policy"
	"dray/internal/policy/guard"
	"dray/internal/vfs"
	"dray/internal/vfs/osfs"
)

// BenchmarkList lists a folder of the host with 50,000 files, under no rule and under 5,000.
func BenchmarkList(b *testing.B) {
	dir := b.TempDir()
	for i := range 50_000 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("c%d-universalk9.bin", i)), nil, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	fsys, err := osfs.Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	defer fsys.Close()
	var text strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&text, "deny read /site%d\nallow read /c%d-*.bin\ndeny delete /**/*.%d\nallow all /home/u%d\nallow read /site%[1]d/{user}\n", i, i, i, i)
	}
	for name, d := range map[string]policy.Decider{"none": policy.ReadOnly, "5000": rules(b, text.String())} {
		b.Run(name, func(b *testing.B) {
			g := guard.New(fsys, d, identity.Subject{Name: "amy"})
			for b.Loop() {
				n := 0
				for _, err := range g.List(b.Context(), vfs.Path{}) {
					if err != nil {
						b.Fatal(err)
					}
					n++
				}
				if n != 50_000 {
					b.Fatal(n)
				}
			}
		})
	}
}
