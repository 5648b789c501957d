package config

import (
	"errors"
	"net"
	"net/netip"
	"strconv"
)

// Metrics is what Prometheus is told.
type Metrics struct {
	Listen Address // where; the zero value is nowhere
}

func metricsSettings(m *Metrics) []Setting {
	return []Setting{
		{Key: "metrics.listen", Flag: "metrics", Value: &m.Listen, Unset: "off",
			Usage: "serve metrics for Prometheus at http://IP:PORT/metrics, to anyone who gets there"},
	}
}

// Address is where something listens. The zero value is nowhere.
type Address struct{ at string }

// On returns the address to listen on, "" for none.
func (a Address) On() string { return a.at }

// Set takes IP:PORT, :PORT for every address of the machine, or "off".
func (a *Address) Set(s string) error {
	if s == "off" {
		a.at = ""
		return nil
	}
	host, port, err := net.SplitHostPort(s)
	if err == nil && host != "" {
		_, err = netip.ParseAddr(host)
	}
	if _, wrong := strconv.ParseUint(port, 10, 16); err != nil || wrong != nil {
		return errors.New(`want IP:PORT, such as 127.0.0.1:9321, or :9321 for every address of the machine, or "off"`)
	}
	a.at = net.JoinHostPort(host, port)
	return nil
}

func (a *Address) String() string { return a.at }

// Type names the value in a usage text.
func (a *Address) Type() string { return "IP:PORT|off" }
