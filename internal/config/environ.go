package config

import (
	"errors"
	"fmt"
	"strings"
)

// unknownVariables refuses variables that look like settings and are none. environ is as
// of os.Environ.
func unknownVariables(environ []string, rows []Setting) error {
	known := []string{"DRAY_CONFIG", "DRAY_PASSWORD", "DRAY_ENABLE", "DRAY_COPY_PASSWORD"} // the passwords of client commands
	for _, s := range rows {
		if name := s.Env(); name != "" {
			known = append(known, name)
		}
	}
	var errs []error
	for _, variable := range environ {
		name, _, _ := strings.Cut(variable, "=")
		if !strings.HasPrefix(name, "DRAY_") || ofKubernetes(name) {
			continue
		}
		best, least := "", len(name)+1
		for _, k := range known {
			if d := distance(name, k); d < least {
				best, least = k, d
			}
		}
		if least > 0 {
			errs = append(errs, fmt.Errorf("%s: there is no such setting (is it %s?)", name, best))
		}
	}
	return errors.Join(errs...)
}

// ofKubernetes reports whether a variable is one that Kubernetes sets for a service that
// is called dray.
func ofKubernetes(name string) bool {
	return name == "DRAY_PORT" || strings.HasPrefix(name, "DRAY_PORT_") || strings.HasPrefix(name, "DRAY_SERVICE_")
}

// distance is how many octets must be put in, left out or replaced to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
