package value

import "testing"

func TestPort(t *testing.T) {
	for in, want := range map[string]string{
		"0": "0", "21": "21", "65535": "65535", "off": "off",
		"65536": "!", "-1": "!", "": "!", "ftp": "!", "OFF": "!", "21 ": "!",
	} {
		var p Port
		if err := p.Set(in); (err != nil) != (want == "!") || err == nil && p.String() != want {
			t.Errorf("Set(%q) = %v, %q; want %s", in, err, p.String(), want)
		}
	}
	if _, said := (Port{}).Number(); said {
		t.Error("a port that nobody asked for counts as said")
	}
}

func TestPortRange(t *testing.T) {
	for in, want := range map[string]PortRange{
		"50000-50100": {50000, 50100}, "1024-1024": {1024, 1024}, "3000": {3000, 3000},
		"50100-50000": {}, "1023-2000": {}, "1-": {}, "a-b": {}, "5000-70000": {}, "": {},
	} {
		var r PortRange
		if err := r.Set(in); (err != nil) != (want == PortRange{}) || r != want {
			t.Errorf("Set(%q) = %v, %v; want %v", in, err, r, want)
		}
	}
}

func TestListen(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "127.0.0.1": "127.0.0.1", "[::1]": "::1", "::": "::", "0.0.0.0": "0.0.0.0",
		"fe80::1%lo": "fe80::1%lo", "127.0.0.1:21": "!", "localhost": "!",
	} {
		var l Listen
		if err := l.Set(in); (err != nil) != (want == "!") || err == nil && l.Host() != want {
			t.Errorf("Set(%q) = %v, %q; want %s", in, err, l.Host(), want)
		}
	}
}

func TestSize(t *testing.T) {
	for in, want := range map[string]Size{
		"1": 1, "1023": 1023, "1K": 1024, "1536": 1536, "16G": 16 << 30, "8T": 8 << 40, "off": Unlimited,
		"0": 0, "": 0, "K": 0, "-1": 0, "1.5G": 0, "1k": 0, "9999999T": 0, "1KM": 0,
	} {
		var z Size
		if err := z.Set(in); (err == nil) != (want != 0) || z != want {
			t.Errorf("Set(%q) = %v, %d; want %d", in, err, z, want)
		}
		if again := Size(0); z != 0 && (again.Set(z.String()) != nil || again != z) {
			t.Errorf("%d reads %s, which is %d", z, z.String(), again)
		}
	}
}
