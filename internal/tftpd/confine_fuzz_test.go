package tftpd_test

import (
	"strings"
	"testing"

	"dray/internal/policy"
	"dray/internal/tftpd"
	"dray/internal/tftpd/remap"
	"dray/internal/tree"
	"dray/internal/vfs/vfstest"
)

// FuzzConfinement: whatever a client asks for, it gets a file of its folder or none, no dot
// file, and puts nothing elsewhere.
func FuzzConfinement(f *testing.F) {
	for _, name := range []string{"f", "../f", `..\f`, `\Sub\G`, "/192.0.2.2/f", "sub/../../f", "x/.git", "SUB/g", "home/f", "%2e%2e/f"} {
		f.Add(name)
	}
	rules, err := remap.Parse("r ^home/ ../192.0.2.2/\nri ^up(.*) ..\\1\n")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name string) {
		files := store(t, "/f", "/192.0.2.1/f", "/192.0.2.1/Sub/G", "/192.0.2.1/.hidden", "/192.0.2.2/f", "/192.0.2.1x/f")
		h := &tftpd.Handler{Trees: &tree.Trees{Files: files, Rules: policy.ReadWrite}, Policy: tftpd.Policy{
			ClientFolders: patterns(t, "{{.IP}}"), FoldCase: true, Remap: rules,
			Provisions: []tftpd.Provision{{Match: pattern(t, "*.cfg"), Try: patterns(t, "{{.Name}}", "../{{.Name}}")}},
		}}
		who := client{t, h, "192.0.2.1"}
		if got := who.get(name); !strings.HasPrefix(got, "! ") && (!strings.HasPrefix(got, "/192.0.2.1/") || strings.Contains(got, "/.")) {
			t.Errorf("%q gives %q", name, got)
		}
		before := map[string]int64{"/f": 2, "/192.0.2.2/f": 12, "/192.0.2.1x/f": 13, "/192.0.2.1/.hidden": 18}
		who.put(name, "changed by a client, and longer than all that was there")
		for p, size := range before {
			if i, err := files.Stat(t.Context(), vfstest.Path(t, p)); err != nil || i.Size != size {
				t.Errorf("%q changes %s: %+v, %v", name, p, i, err)
			}
		}
	})
}
