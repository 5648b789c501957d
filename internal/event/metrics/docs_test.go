package metrics_test

import (
	"os"
	"strings"
	"testing"

	"dray/internal/event/metrics"
)

// TestMetricsAreDocumented: docs/metrics.md has each of ours.
func TestMetricsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	m := metrics.New()
	m.Dropped("log", func() int64 { return 0 })
	for _, e := range story() {
		m.Emit(e)
	}
	for line := range strings.Lines(scrape(m)) {
		if name, ok := strings.CutPrefix(line, "# TYPE dray_"); ok {
			if name, _, _ = strings.Cut(name, " "); !strings.Contains(string(page), "| `dray_"+name) {
				t.Errorf("dray_%s is not there", name)
			}
		}
	}
}
