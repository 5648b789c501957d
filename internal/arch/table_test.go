package arch

import "strings"

// row says what one package may import besides the standard library: packages of dray,
// modules from outside, and what its tests may import on top.
type row struct {
	dray    string
	outside string
	tests   string
}

// table has a row for every package. Downward only: vocabulary, engines, glue, daemon,
// cmd. Siblings do not import each other; an exception says why.
func table() map[string]row {
	const golang = "golang.org/x/net golang.org/x/sys"
	return map[string]row{
		// Protocols: nothing of the product.
		"ftp":                   {},
		"ftp/ftptest":           {dray: "ftp"},
		"ftp/ftpserver":         {dray: "ftp ftp/ftpserver/tlsbind", outside: golang, tests: "ftp/ftptest ftp/ftpclient"},
		"ftp/ftpserver/tlsbind": {tests: "ftp/ftptest"},
		"ftp/ftpclient":         {dray: "ftp", outside: golang, tests: "ftp/ftptest ftp/ftpserver"},
		"tftp/netascii":         {},
		"tftp":                  {dray: "tftp/netascii", outside: golang, tests: "tftp/tftptest"},
		"tftp/tftptest":         {dray: "tftp tftp/netascii", outside: golang},

		"internal/sftp": {},
		"internal/scp":  {},
		// Both ends of telnet: the driver has one, the simulated devices the other.
		"internal/telnet":   {},
		"internal/linediff": {},

		// Vocabulary of the product.
		"internal/config/value": {},

		"internal/vfs":       {},
		"internal/identity":  {dray: "internal/identity/password", outside: "github.com/pquerna/otp"},
		"internal/event":     {},
		"internal/policy":    {dray: "internal/identity internal/vfs", tests: "internal/vfs/vfstest"},
		"internal/config":    {dray: "internal/config/value internal/policy", outside: "github.com/goccy/go-yaml"}, // what rules say is checked where they are read
		"internal/confine":   {outside: "github.com/landlock-lsm/go-landlock golang.org/x/sys kernel.org/pub/linux/libs/security/libcap"},
		"internal/proxied":   {outside: "github.com/pires/go-proxyproto"},
		"internal/systemd":   {outside: "github.com/coreos/go-systemd/v22 golang.org/x/sys"},
		"internal/kept":      {},
		"internal/control":   {outside: "golang.org/x/sys"},
		"internal/admission": {},
		"internal/certs":     {dray: "internal/kept"},
		"internal/hostkeys":  {dray: "internal/kept", outside: "golang.org/x/crypto/ssh"},
		"internal/userkeys":  {outside: "golang.org/x/crypto/ssh"},
		"internal/sshclient": {outside: "github.com/kevinburke/ssh_config github.com/skeema/knownhosts golang.org/x/crypto/ssh"},

		"internal/identity/password": {outside: "github.com/go-crypt/x golang.org/x/crypto/argon2 golang.org/x/crypto/bcrypt"},
		"internal/store":             {dray: "internal/identity", outside: "modernc.org/sqlite"},

		// What becomes of events.
		"internal/event/audit":   {dray: "internal/event internal/kept"},
		"internal/event/hook":    {dray: "internal/event"},
		"internal/event/metrics": {dray: "internal/event internal/vfs", outside: "github.com/prometheus/client_golang"},
		"internal/event/xferlog": {dray: "internal/event"},

		// Stores, and what wraps them.
		"internal/vfs/vfstest":   {dray: "internal/vfs"},
		"internal/vfs/osfs":      {dray: "internal/vfs", outside: "golang.org/x/sys", tests: "internal/vfs/vfstest"},
		"internal/vfs/memfs":     {dray: "internal/vfs", tests: "internal/vfs/vfstest"},
		"internal/vfs/mount":     {dray: "internal/vfs", tests: "internal/vfs/memfs internal/vfs/vfstest"},
		"internal/vfs/quota":     {dray: "internal/vfs", tests: "internal/vfs/memfs internal/vfs/vfstest"},
		"internal/vfs/digest":    {dray: "internal/vfs", tests: "internal/vfs/memfs internal/vfs/vfstest"},
		"internal/vfs/bandwidth": {dray: "internal/vfs", outside: "golang.org/x/time/rate", tests: "internal/vfs/memfs internal/vfs/vfstest"},
		"internal/policy/guard":  {dray: "internal/identity internal/policy internal/vfs", tests: "internal/vfs/memfs internal/vfs/osfs internal/vfs/vfstest"},

		"internal/tree": {dray: "internal/identity internal/policy internal/policy/guard internal/vfs internal/vfs/bandwidth internal/vfs/digest internal/vfs/mount internal/vfs/osfs internal/vfs/quota", tests: "internal/vfs/memfs internal/vfs/vfstest"},

		// Devices: their prompts, then what drives them.
		"internal/device/term":     {},
		"internal/device/ios/show": {},
		"internal/device":          {},
		"internal/device/reach": {
			dray: "internal/sshclient internal/telnet", outside: "github.com/goccy/go-yaml golang.org/x/crypto/ssh",
			tests: "internal/device/iossim/rack internal/device/term",
		},
		"internal/device/ios": {
			dray: "internal/device internal/device/ios/show internal/device/term",
			// the driver is tested on simulated devices
			tests: "internal/device/iossim internal/device/iossim/flash internal/device/iossim/image internal/device/iossim/model internal/device/iossim/place",
		},

		// The nouns of a simulated device.
		"internal/device/iossim/cli":      {},
		"internal/device/iossim/conf":     {},
		"internal/device/iossim/flash":    {},
		"internal/device/iossim/image":    {},
		"internal/device/iossim/line":     {},
		"internal/device/iossim/pause":    {},
		"internal/device/iossim/secret":   {},
		"internal/device/iossim/model":    {dray: "internal/device/iossim/flash"},
		"internal/device/iossim/boot":     {dray: "internal/device/iossim/conf internal/device/iossim/flash internal/device/iossim/image internal/device/iossim/model internal/device/iossim/place"},
		"internal/device/iossim/keywords": {},
		"internal/device/iossim/configure": {
			dray: "internal/device/iossim/cli internal/device/iossim/conf internal/device/iossim/keywords internal/device/iossim/model" +
				" internal/device/iossim/place internal/device/iossim/secret",
		},
		"internal/device/iossim/copying": {
			dray: "internal/device/iossim/conf internal/device/iossim/configure internal/device/iossim/flash internal/device/iossim/image internal/device/iossim/pause" +
				" internal/device/iossim/place internal/device/iossim/scpd internal/device/iossim/secret internal/device/iossim/show internal/device/iossim/tty",
		},
		"internal/device/iossim/install": {dray: "internal/device/iossim/boot internal/device/iossim/pause internal/device/iossim/place internal/device/iossim/tty"},
		"internal/device/iossim/show":    {dray: "internal/device/iossim/boot internal/device/iossim/conf internal/device/iossim/configure internal/device/iossim/flash internal/device/iossim/model internal/device/iossim/place"},
		// A device serves its flash by scp.
		"internal/device/iossim/scpd":  {dray: "internal/scp internal/device/iossim/flash internal/device/iossim/place", tests: "internal/device/iossim/model"},
		"internal/device/iossim/tty":   {dray: "internal/device/iossim/cli internal/device/iossim/line"},
		"internal/device/iossim/place": {dray: "internal/device/iossim/flash internal/device/iossim/model"},
		"internal/device/iossim": {
			dray: "internal/device/iossim/boot internal/device/iossim/cli internal/device/iossim/conf internal/device/iossim/configure internal/device/iossim/copying internal/device/iossim/flash" +
				" internal/device/iossim/image internal/device/iossim/install internal/device/iossim/keywords internal/device/iossim/line internal/device/iossim/model internal/device/iossim/pause internal/device/iossim/place internal/device/iossim/scpd internal/device/iossim/secret internal/device/iossim/show internal/device/iossim/tty",
		},
		// The clients are what a device pulls its image with: that they are ours is the point of it.
		"internal/device/iossim/link": {
			dray:    "ftp/ftpclient internal/device/iossim/flash internal/device/iossim/pause internal/device/iossim/place internal/scp tftp",
			outside: "golang.org/x/crypto/ssh",
		},
		"internal/device/iossim/rack": {
			dray: "internal/device/iossim internal/device/iossim/boot internal/device/iossim/flash internal/device/iossim/image internal/device/iossim/link" +
				" internal/device/iossim/model internal/device/iossim/pause internal/telnet",
			outside: "github.com/goccy/go-yaml golang.org/x/crypto/ssh",
		},

		// Parts of the glue that stand by themselves.
		"internal/tftpd/remap":     {},
		"internal/tftpd/neighbour": {},

		// Glue: one protocol each.
		"internal/ftpd": {
			dray:  "ftp ftp/ftpserver internal/admission internal/event internal/identity internal/policy internal/policy/guard internal/vfs",
			tests: "ftp/ftpclient internal/identity/password internal/tree internal/vfs/memfs internal/vfs/osfs internal/vfs/vfstest",
		},
		"internal/tftpd": {
			dray:  "tftp internal/event internal/identity internal/policy internal/policy/guard internal/tftpd/remap internal/vfs",
			tests: "tftp/tftptest internal/tree internal/vfs/memfs internal/vfs/osfs internal/vfs/quota internal/vfs/vfstest",
		},

		"internal/sftpd": { // ftp has the lines of listings
			dray:    "ftp internal/admission internal/event internal/identity internal/policy internal/policy/guard internal/scp internal/sftp internal/vfs",
			outside: "golang.org/x/crypto/ssh golang.org/x/sys",
			tests:   "github.com/pkg/sftp internal/identity/password internal/tree internal/vfs/memfs internal/vfs/osfs internal/vfs/vfstest",
		},

		// The composition root, and the command line above it.
		"internal/daemon": {
			dray: "ftp/ftpserver internal/certs internal/config internal/confine internal/control internal/event internal/ftpd internal/hostkeys internal/identity" +
				" internal/identity/password internal/policy internal/policy/guard internal/sftpd internal/store internal/userkeys internal/tftpd internal/tftpd/neighbour internal/tftpd/remap internal/tree internal/vfs internal/vfs/bandwidth internal/vfs/digest internal/vfs/osfs internal/vfs/quota internal/admission internal/kept tftp" +
				" internal/event/audit internal/event/hook internal/event/metrics internal/event/xferlog internal/proxied",
			tests: "ftp/ftpclient",
		},
		"cmd/dray": {
			dray: "ftp ftp/ftpclient internal/admission internal/config internal/control internal/daemon internal/event/audit internal/device internal/device/ios internal/device/ios/show" +
				" internal/device/reach internal/device/term internal/device/iossim/image internal/device/iossim/model internal/linediff" +
				" internal/device/iossim/rack internal/identity internal/identity/password internal/policy internal/scp internal/sshclient internal/store internal/systemd" +
				" internal/tftpd/remap internal/userkeys internal/vfs/digest internal/vfs/osfs tftp",
			outside: "github.com/boombuler/barcode github.com/pkg/sftp github.com/spf13/cobra github.com/spf13/pflag github.com/vbauerster/mpb/v8" +
				" golang.org/x/crypto/ssh golang.org/x/sys golang.org/x/term",
			tests: "github.com/rogpeppe/go-internal",
		},

		// Tests of the whole.
		"internal/arch": {},
		"test/soak":     {tests: "ftp/ftpclient github.com/pkg/sftp golang.org/x/crypto/ssh internal/config internal/daemon internal/event/audit internal/scp tftp"},
		"test/permissions": {
			outside: "golang.org/x/crypto/ssh",
			tests: "ftp ftp/ftpserver ftp/ftptest internal/ftpd internal/identity internal/policy internal/policy/guard internal/scp internal/sftp internal/sftpd" +
				" internal/tftpd internal/tree internal/vfs/osfs tftp",
		},
		"test/interop": {outside: "golang.org/x/sys", tests: "internal/tftpd/remap tftp"},
		"test/bench":   {dray: "tftp tftp/tftptest ftp ftp/ftpclient", outside: "golang.org/x/crypto/ssh golang.org/x/sys"},
	}
}

// pure lists the files without I/O, clock, chance or goroutines. A pattern that matches
// no file fails.
func pure() []string {
	return strings.Fields(`
		ftp/*.go
		ftp/ftpserver/commands.go
		ftp/ftpserver/glob.go
		ftp/ftpserver/session.go
		ftp/ftpserver/verbs.go
		internal/admission/bans.go
		internal/admission/failures.go
		internal/admission/limits.go
		internal/device/iossim/cli/*.go
		internal/device/iossim/conf/*.go
		internal/device/iossim/line/*.go
		internal/device/*.go
		internal/device/ios/show/*.go
		internal/device/term/line.go
		internal/device/term/mask.go
		internal/device/term/message.go
		internal/device/term/prompt.go
		internal/device/term/question.go
		internal/device/term/scanner.go
		internal/linediff/*.go
		internal/policy/*.go
		internal/sftp/*.go
		internal/tftpd/remap/*.go
		internal/vfs/*.go
		tftp/netascii/*.go
		tftp/error.go
		tftp/options.go
		tftp/packet.go
		tftp/receiver.go
		tftp/rollover.go
		tftp/rtt.go
		tftp/sender.go
	`)
}

// Who may open files of the host (certs has keys to read and to keep, bench files to serve), and who may read
// the environment.
const (
	opensFiles = "cmd/dray internal/certs internal/config internal/confine internal/event/audit internal/event/xferlog internal/control internal/hostkeys internal/kept internal/sshclient internal/store internal/userkeys internal/vfs/osfs test/bench"
	readsEnv   = "cmd/dray internal/config"
)

// constants are the package variables that are made by a call, and changed by nobody
// after. Error sentinels and literal tables need no row.
func constants() map[string]string {
	const reply = "a reply that is always the same"
	return map[string]string{
		"internal/device/iossim.allGrammars": "the command lines of the models, which all devices share",
		"ftp/ftpserver.buffers":              "a pool of transfer buffers, for all servers",
		"ftp/ftpserver.replyFault":           reply,
		"ftp/ftpserver.replyIdle":            reply,
		"ftp/ftpserver.replyNoService":       reply,
		"ftp/ftpserver.replyNonsense":        reply,
		"ftp/ftpserver.replyShutdown":        reply,
		"ftp/ftpserver.replySlow":            reply,
		"ftp/ftpserver.verbIndex":            "the verbs by name",
	}
}

// Budgets, in lines, or methods.
const (
	maxFile      = 600
	maxTestFile  = 1000
	maxFunction  = 80
	maxInterface = 8
	maxPackage   = 3000 // without tests
)

// larger are the packages that may be larger than maxPackage, and how large.
func larger() map[string]int {
	return map[string]int{
		"cmd/dray":        6000, // a file a subcommand, and they do not know each other
		"internal/config": 4500, // a file a section, and one table of all
		"ftp/ftpserver":   5000, // sessions, verbs and data connections know all of each other
		"tftp":            5000, // both ends, with the machines and packets that they share
	}
}
