package ftpserver

import "testing"

// TestCensored: no name ends its line, and what is not ASCII stays as it is.
func TestCensored(t *testing.T) {
	for name, want := range map[string]string{
		"a b": "a b", "größe\xff": "größe\xff", "a\r\n226 Done": "a??226 Done", "\x00\x1b[2J\x7f": "??[2J?",
	} {
		if got := string(appendCensored([]byte("d/"), name)); got != "d/"+want {
			t.Errorf("%q is shown as %q", name, got)
		}
	}
}
