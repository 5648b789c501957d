package config

import "testing"

// TestUnknownVariables are refused, as unknown keys and flags are, and their values not shown.
func TestUnknownVariables(t *testing.T) {
	for variable, want := range map[string]string{
		"DRAY_WRIT=s3cret":                "DRAY_WRIT: there is no such setting (is it DRAY_WRITE?)",
		"DRAY_PASSIVEPORTS=1":             "DRAY_PASSIVEPORTS: there is no such setting (is it DRAY_PASSIVE_PORTS?)",
		"DRAY_WRITE=true":                 "",
		"DRAY_CONFIG=none":                "",
		"DRAY_PASSWORD=s3cret":            "",
		"HOME=/":                          "",
		"DRAY_SERVICE_HOST=192.0.2.1":     "",
		"DRAY_PORT=udp://192.0.2.1:69":    "",
		"DRAY_PORT_69_UDP_ADDR=192.0.2.1": "",
	} {
		got := ""
		in := Input{Config: None, Env: func(string) string { return "" }, Environ: []string{variable}}
		if _, err := in.Load(); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q; want %q", variable, got, want)
		}
	}
}
