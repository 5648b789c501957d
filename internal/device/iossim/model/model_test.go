package model

import "testing"

func TestImagesAreNamedAsCiscoNamesThem(t *testing.T) {
	for _, c := range []struct{ model, version, want string }{
		{"2911", "15.7(3)M9", "c2900-universalk9-mz.SPA.157-3.M9.bin"},
		{"2960", "15.0(2)SE11", "c2960-lanbasek9-mz.150-2.SE11.bin"},
		{"4331", "17.06.03a", "isr4300-universalk9.17.06.03a.SPA.bin"},
		{"9300", "17.09.04a", "cat9k_iosxe.17.09.04a.SPA.bin"},
	} {
		m, ok := Find(c.model)
		if got := m.FileName(c.version); !ok || got != c.want {
			t.Errorf("%s %s: %s; want %s", c.model, c.version, got, c.want)
		}
	}
}

func TestShortVersions(t *testing.T) {
	for in, want := range map[string]string{"17.09.04a": "17.9.4a", "16.12.04": "16.12.4", "17.10.00": "17.10.0", "15.7(3)M9": "15.7(3)M9", "": "", "0a.0": "0a.0"} {
		if got := Short(in); got != want {
			t.Errorf("%s: %s; want %s", in, got, want)
		}
	}
}

func TestModelsAreWhole(t *testing.T) {
	for _, m := range All() {
		if m.Size >= m.Capacity || m.Members < 1 || m.NVRAM == 0 || len(m.Interfaces) == 0 || len(m.Inventory) == 0 || m.BootTime == 0 {
			t.Errorf("%s lacks something", m.Name)
		}
		var shares int64
		for _, p := range m.Packages(m.Version) {
			shares += p.Share
		}
		if shares != 100 {
			t.Errorf("the packages of %s are %d %% of an image", m.Name, shares)
		}
	}
	if got := cat9300().SerialOf(3); got != "FCW2134L00C" {
		t.Errorf("the third member is %s", got)
	}
}
