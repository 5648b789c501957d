package device

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"
)

func TestSame(t *testing.T) {
	for _, same := range [][]string{
		{"17.12.04a", "17.12.4a", "17.12.04a.01.79"},
		{"17.08.01.0.1526", "17.08.01a"},
		{"16.12.04", "16.12.4", "16.12.04.0.5371"},
		{"15.2(7)E10", "152-7.E10"},
		{"12.4(6)T2", "124-6.T2"},
		{"15.0(2)SE11", "150-2.SE11"},
		{"12.3(6f)", "123-6f"},
		{"03.10.03E", "03.10.03.E", "3.10.3E"},
		{"BLD_POLARIS_DEV_LATEST_20200702_122021", "BLD_POLARIS_DEV_LATEST_20200702_122021"},
	} {
		for _, a := range same {
			for _, b := range same {
				if !ParseRelease(a).Same(ParseRelease(b)) {
					t.Errorf("%s and %s are one release", a, b)
				}
			}
		}
	}
	for _, c := range [][2]string{
		{"17.12.4", "17.12.4a"}, {"17.12.04.0.1", "17.12.04.0.2"}, {"15.2(7)E10", "15.2(7)E1"}, {"15.2(7)E", "15.2(7)SE"}, {"16.12.04", "16.12.05"},
		{"03.10.03E", "03.10.03S"}, {"15.1(4)M4", "BLD_X"}, {"", "15.1(4)M4"}, {"17.03.01", "17.3.10"},
	} {
		if ParseRelease(c[0]).Same(ParseRelease(c[1])) {
			t.Errorf("%s and %s are not one release", c[0], c[1])
		}
	}
}

func TestOrder(t *testing.T) {
	for _, rising := range [][]string{
		{"15.1(4)M4", "15.1(4)M10", "15.7(3)M9", "15.7(3)M10"},
		{"16.09.03", "16.12.04", "17.03.01", "17.03.01a", "17.03.02", "17.12.04"},
		{"03.06.05E", "03.06.06E", "03.10.03E"},
		{"12.4(6)T", "12.4(6)T2", "12.4(15)T1"},
	} {
		for i, a := range rising {
			for j, b := range rising {
				order, ok := ParseRelease(a).Compare(ParseRelease(b))
				if !ok || (order < 0) != (i < j) || (order > 0) != (i > j) {
					t.Errorf("%s and %s: %d, %t", a, b, order, ok)
				}
			}
		}
	}
	for _, c := range [][2]string{{"15.2(7)E10", "15.0(2)SE11"}, {"15.7(3)M9", "16.12.04"}, {"BLD_A", "BLD_B"}, {"03.06.05E", "03.09.01.S"}} {
		if _, ok := ParseRelease(c[0]).Compare(ParseRelease(c[1])); ok {
			t.Errorf("%s and %s have an order", c[0], c[1])
		}
	}
}

func TestReleaseOf(t *testing.T) {
	for file, want := range map[string]string{
		"flash0:c2900-universalk9-mz.SPA.157-3.M9.bin":                            "15.7(3)M9",
		"flash:/c3560-ipbasek9-mz.150-2.SE9.bin":                                  "15.0(2)SE9",
		"cat9k_iosxe.17.12.04a.SPA.bin":                                           "17.12.04a",
		"bootflash:/isr4300-universalk9.17.03.02.SPA.bin":                         "17.3.2",
		"cat4500e-universalk9.SPA.03.10.03.E.152-6.E3.bin":                        "03.10.03E",
		"C9800-CL-universalk9.17.07.01prd16.SPA.bin":                              "17.7.1prd16",
		"flash:c2960x-universalk9-mz.152-2.E7/c2960x-universalk9-mz.152-2.E7.bin": "15.2(2)E7",
		"c2600-ipbase-mz.123-6f.bin":                                              "12.3(6f)",
		"c3560-advipservicesk9-mz.122-44.SE.bin":                                  "12.2(44)SE",
		"flash:packages.conf":                                                     "",
		"vios-adventerprisek9-m":                                                  "",
		"cat9k_iosxe.BLD_POLARIS_DEV_LATEST_20210302_012043.SSA.bin":              "",
	} {
		r, ok := ReleaseOf(file)
		if ok != (want != "") || ok && !r.Same(ParseRelease(want)) {
			t.Errorf("%s: %s, %t; want %q", file, r, ok, want)
		}
	}
}

func TestReadImage(t *testing.T) {
	i, err := ReadImage("c2900-universalk9-mz.SPA.157-3.M9.bin", strings.NewReader("abc"))
	if err != nil || i.Size != 3 || i.MD5 != "900150983cd24fb0d6963f7d28e17f72" || !i.Release.Same(ParseRelease("15.7(3)M9")) {
		t.Errorf("%+v, %v", i, err)
	}
	broken := errors.New("broken")
	if _, err := ReadImage("x", iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Error(err)
	}
}
