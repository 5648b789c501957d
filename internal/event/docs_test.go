package event

import (
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"
)

// TestFieldsAreDocumented: docs/log.md has every kind of event and every field.
func TestFieldsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/log.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []Kind{Login, Transfer, Change, Lookup, Fault} {
		if !strings.Contains(string(page), "\n- `"+string(k)+"`: ") {
			t.Errorf("the kind %s is not there", k)
		}
	}
	full := Event{Transfer, "p", "s", netip.MustParseAddrPort("192.0.2.1:1"), "none", "u", "read", "/f", "/g", 1, time.Second, "d", errors.New("e")}
	record(full, time.Now()).Attrs(func(a slog.Attr) bool {
		if !strings.Contains(string(page), "\n| `"+a.Key+"` | ") {
			t.Errorf("the field %s is not there", a.Key)
		}
		return true
	})
}
