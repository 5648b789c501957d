package reach

import (
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/goccy/go-yaml"
)

// Inventory is a file that says where devices are, and how to log in.
type Inventory struct {
	Devices []Entry `yaml:"devices"`
}

// Entry is one device. What it does not say is "".
type Entry struct {
	Name     string `yaml:"name"`
	Model    string `yaml:"model"`    // for people
	SSH      string `yaml:"ssh"`      // HOST[:PORT]
	HostKey  string `yaml:"host-key"` // its key, as known_hosts has it; "" asks known_hosts
	Telnet   string `yaml:"telnet"`   // HOST[:PORT]
	User     string `yaml:"user"`
	Password string `yaml:"password"`
	Enable   string `yaml:"enable"` // secret of enable
	Jump     string `yaml:"jump"`   // [USER@]HOST[:PORT] on the way
	Legacy   bool   `yaml:"legacy"` // also algorithms of SSH from before 2018
}

// ParseInventory reads an inventory. A key that it does not know is an error, so is a name
// that is there twice.
func ParseInventory(text []byte) (v Inventory, err error) {
	defer func() {
		if recover() != nil { // by a text that the parser cannot bear
			err = errors.New("this is no YAML")
		}
	}()
	if err := yaml.UnmarshalWithOptions(text, &v, yaml.Strict()); err != nil {
		return v, errors.New(strings.TrimSpace(yaml.FormatError(err, false, false)))
	}
	if len(v.Devices) == 0 {
		return v, errors.New("devices: there is none")
	}
	seen := map[string]bool{}
	for i, e := range v.Devices {
		switch {
		case e.Name == "":
			return v, fmt.Errorf("devices, number %d: it has no name", i+1)
		case seen[e.Name]:
			return v, fmt.Errorf("devices: %s is there twice", e.Name)
		case e.SSH == "" && e.Telnet == "":
			return v, fmt.Errorf("devices: %s has neither ssh nor telnet", e.Name)
		}
		seen[e.Name] = true
		if e.HostKey != "" {
			if _, err := Fingerprint(e.HostKey); err != nil {
				return v, fmt.Errorf("devices: host-key of %s: %w", e.Name, err)
			}
		}
	}
	return v, nil
}

// Find returns a device by its name.
func (v Inventory) Find(name string) (Entry, bool) {
	for _, e := range v.Devices {
		if e.Name == name {
			return e, true
		}
	}
	return Entry{}, false
}

// WithPort adds a port to an address that has none.
func WithPort(addr, port string) string {
	if _, _, err := net.SplitHostPort(addr); err == nil {
		return addr
	}
	return net.JoinHostPort(strings.Trim(addr, "[]"), port)
}
