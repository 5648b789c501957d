package event

import (
	"errors"
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
	for _, k := range Kinds() {
		if !strings.Contains(string(page), "\n- `"+string(k)+"`: ") {
			t.Errorf("the kind %s is not there", k)
		}
	}
	who, wrong := Session{"p", "s", netip.MustParseAddrPort("192.0.2.1:1"), "u"}, errors.New("e")
	for _, e := range []Event{
		End{who, time.Second}, Login{who, "none", "d", wrong}, Refusal{who, Banned, false, "d", wrong},
		Transfer{who, Read, "/f", 1, time.Second, true, 1, "d", wrong}, Change{who, Rename, "/f", "/g", "d", wrong}, Lookup{who, "/f", "SIZE", wrong},
	} {
		for _, a := range Fields(e) {
			if !strings.Contains(string(page), "\n| `"+a.Key+"` | ") {
				t.Errorf("the field %s is not there", a.Key)
			}
		}
	}
}
