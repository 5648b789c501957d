package policy_test

import (
	"strings"
	"testing"

	"dray/internal/identity"
	"dray/internal/policy"
	"dray/internal/vfs"
)

func TestRights(t *testing.T) {
	ops := []policy.Op{
		policy.Stat, policy.List, policy.Read, policy.Create,
		policy.Overwrite, policy.Delete, policy.Rename, policy.Mkdir, policy.SetStat, 200,
	}
	for _, c := range []struct {
		rights policy.Rights
		want   string
	}{
		{0, ""},
		{policy.ReadOnly, "stat list read"},
		{policy.ReadWrite, "stat list read write overwrite delete rename mkdir setstat"},
		{policy.ReadWrite.Without(policy.Overwrite, policy.Delete), "stat list read write rename mkdir setstat"},
		{policy.ReadOnly.Without(policy.Mkdir), "stat list read"},
	} {
		var got []string
		for _, op := range ops {
			if c.rights.For(identity.Subject{}).At(vfs.Path{}).Has(op) {
				got = append(got, op.String())
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%b gives %q; want %q", c.rights, got, c.want)
		}
	}
}
