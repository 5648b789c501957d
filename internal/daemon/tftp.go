package daemon

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"text/template"

	"dray/internal/config"
	"dray/internal/tftpd"
	"dray/internal/tftpd/neighbour"
	"dray/internal/tftpd/remap"
	"dray/internal/vfs"
	"dray/internal/vfs/osfs"
	"dray/tftp"
)

// Check finds what is wrong with settings that only those who use them can tell: folders,
// rules, templates and patterns.
func Check(cfg config.Serve) error {
	folders := []string{cfg.Dir}
	for _, h := range cfg.FTP.Hosts {
		if h.Dir != "" {
			folders = append(folders, h.Dir)
		}
	}
	for _, dir := range folders {
		files, err := osfs.Open(dir)
		if err != nil {
			return fmt.Errorf("%w: the folder to serve has to be there, and open to this user", err)
		}
		if err := files.Close(); err != nil {
			return err
		}
	}
	_, people := accounts(cfg.Users)
	_, err := tftpPolicy(&cfg.TFTP)
	_, wrong := accessRules(cfg)
	return errors.Join(checkFiles(cfg), checkEvents(cfg), people, err, wrong)
}

// checkFiles finds the files of keys and certificates that cannot be read.
func checkFiles(cfg config.Serve) error {
	type named struct{ key, file string }
	files := []named{
		{"tls.cert", cfg.TLS.CertFile}, {"tls.key", cfg.TLS.KeyFile}, {"tls.client-ca", cfg.TLS.ClientCAs}, {"sftp.user-ca", cfg.SFTP.UserCA},
	}
	for _, k := range cfg.SFTP.AuthorizedKeys {
		files = append(files, named{"sftp.authorized-keys", k.File})
	}
	for _, h := range cfg.FTP.Hosts {
		files = append(files, named{"ftp.hosts", h.CertFile}, named{"ftp.hosts", h.KeyFile})
	}
	var errs []error
	for _, n := range files {
		if n.file == "" {
			continue
		}
		if err := config.Readable(n.file); err != nil {
			errs = append(errs, &config.Conflict{Key: n.key, Text: fmt.Sprintf("names a file that cannot be read: %v", err)})
		}
	}
	return errors.Join(errs...)
}

func (d *Daemon) addTFTP(cfg config.Serve, log *slog.Logger) error {
	if cfg.TFTP.Port.Off() {
		return nil
	}
	handler, err := d.tftpHandler(cfg, log)
	if err != nil {
		return err
	}
	c, at, err := d.listenUDP(tftpService(), cfg.TFTP.Port, cfg.Listen.Host())
	if err != nil {
		return err
	}
	srv := tftpServer(&cfg.TFTP)
	srv.Handler, srv.Log = handler, slog.New(limitNames{log.With("protocol", "tftp").Handler()})
	d.add(at, server{
		serve:    func() error { return srv.Serve(c) },
		shutdown: srv.Shutdown,
		close:    func() error { return errors.Join(srv.Close(), closed(c.Close())) },
	})
	return nil
}

// tftpServer is the server of TFTP with the limits that it is told.
func tftpServer(t *config.TFTP) *tftp.Server {
	return &tftp.Server{
		SinglePort:           t.SinglePort,
		Ports:                tftp.Ports{First: t.Ports.First, Last: t.Ports.Last},
		MaxBlockSize:         t.MaxBlockSize,
		MaxWindowSize:        t.MaxWindowSize,
		IgnoreMTU:            t.IgnoreMTU,
		NoOptions:            t.NoOptions,
		RequireOptions:       t.RequireOptions,
		Broadcast:            t.Broadcast,
		KeepFF:               t.KeepFF,
		MaxTransfers:         t.MaxTransfers,
		MaxUnproven:          t.MaxUnproven,
		MaxPerSource:         t.MaxPerSource,
		MaxUnprovenPerSource: t.MaxUnprovenPerSource,
	}
}

// tftpHandler is what serves the folder over TFTP.
func (d *Daemon) tftpHandler(cfg config.Serve, log *slog.Logger) (*tftpd.Handler, error) {
	t := &cfg.TFTP
	p, err := tftpPolicy(t)
	if err != nil {
		return nil, err
	}
	folder := p.UploadFolder
	h := &tftpd.Handler{
		Trees: d.treesOfTFTP(cfg, folder), DotFiles: t.DotFiles, Events: d.events, Policy: p, MaxPrograms: t.MaxPrograms,
	}
	find, err := neighbours(&p, log)
	if err != nil {
		return nil, err
	}
	known := newLive(find)
	h.Neighbours = func(client netip.Addr) net.HardwareAddr {
		if find := known.get(); find != nil {
			return find(client)
		}
		return nil
	}
	d.reloads(func(cfg config.Serve) (change, error) {
		p, err := tftpPolicy(&cfg.TFTP)
		if err != nil {
			return change{}, err
		}
		p.UploadFolder = folder // which the quota counts
		find, err := neighbours(&p, log)
		return change{apply: func() {
			known.set(find)
			h.Reload(p)
		}}, err
	}, "tftp.read-allow", "tftp.read-deny", "tftp.write-allow", "tftp.write-deny",
		"tftp.fold-case", "tftp.map-file", "tftp.client-folders", "tftp.hosts", "tftp.provision", "tftp.quirks", "tftp.public")
	return h, nil
}

// neighbours finds the MAC addresses of clients, where the policy has a use for them. It
// is nil where they cannot be found and nothing depends on them.
func neighbours(p *tftpd.Policy, log *slog.Logger) (func(netip.Addr) net.HardwareAddr, error) {
	if !p.NeedsNeighbours() && len(p.Provisions) == 0 {
		return nil, nil
	}
	table, err := neighbour.Open()
	switch {
	case err == nil:
		return lookup(table, log), nil
	case p.NeedsNeighbours():
		return nil, fmt.Errorf("tftp: MAC addresses of clients are asked for by client-folders, hosts or provision: %w", err)
	}
	return nil, nil
}

// lookup asks the table, and tells the log when that cannot be.
func lookup(table *neighbour.Table, log *slog.Logger) func(netip.Addr) net.HardwareAddr {
	return func(client netip.Addr) net.HardwareAddr {
		hw, err := table.Lookup(client)
		if err != nil {
			log.Warn("the MAC address of a client cannot be found out", "remote", client, "error", err)
		}
		return hw
	}
}

// tftpPolicy reads the files that the settings name, and all that they say.
func tftpPolicy(t *config.TFTP) (tftpd.Policy, error) {
	p := tftpd.Policy{
		Read:     tftpd.Access{Allow: t.ReadAllow, Deny: t.ReadDeny},
		Write:    tftpd.Access{Allow: t.WriteAllow, Deny: t.WriteDeny},
		FoldCase: t.FoldCase,
	}
	for _, q := range t.Quirks {
		p.Quirks = append(p.Quirks, tftpd.Quirk(q))
	}
	for _, h := range t.Hosts {
		p.Hosts = append(p.Hosts, tftpd.Host(h))
	}
	var errs [6]error
	p.UploadFolder, errs[0] = vfs.ParsePath(t.UploadFolder)
	if slices.Contains(strings.Split(t.UploadFolder, "/"), "..") {
		errs[0] = fmt.Errorf("%q: name it as seen from the folder that is served, without \"..\"", t.UploadFolder)
	}
	p.Remap, errs[1] = rules(t)
	p.ClientFolders, errs[2] = patterns(t.ClientFolders)
	for i := range t.Provision {
		v, err := provision(&t.Provision[i])
		if err != nil {
			err = &config.At{Key: "tftp.provision", Err: fmt.Errorf("tftp.provision[%d]: %w", i+1, err)}
		}
		p.Provisions = append(p.Provisions, v)
		errs[3] = errors.Join(errs[3], err)
	}
	if errors.Join(errs[:]...) == nil {
		errs[4] = p.Check()
	}
	errs[5] = hostTwice(t.Hosts)
	for i, key := range [...]string{"tftp.upload-folder", "tftp.map-file", "tftp.client-folders", "", "tftp", "tftp.hosts"} {
		if errs[i] != nil && key != "" {
			errs[i] = &config.At{Key: key, Err: fmt.Errorf("%s: %w", key, errs[i])}
		}
	}
	return p, errors.Join(errs[:]...)
}

// hostTwice finds an address that two hosts have: only one of them would ever be meant.
func hostTwice(hosts []config.TFTPHost) error {
	for i, h := range hosts {
		for _, other := range hosts[:i] {
			if h.IP.IsValid() && h.IP.Unmap() == other.IP.Unmap() {
				return fmt.Errorf("%s and %s both have %v", other.Name, h.Name, h.IP)
			}
		}
	}
	return nil
}

// rules reads the map file, nil without one.
func rules(t *config.TFTP) (*remap.Rules, error) {
	text, err := t.MapText()
	if err != nil || t.MapFile == "" {
		return nil, err
	}
	r, err := remap.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.MapFile, err)
	}
	return r, nil
}

func patterns(texts []string) (all []*tftpd.Pattern, err error) {
	for _, text := range texts {
		p, wrong := tftpd.ParsePattern(text)
		all, err = append(all, p), errors.Join(err, wrong)
	}
	return all, err
}

func provision(c *config.TFTPProvision) (v tftpd.Provision, err error) {
	v = tftpd.Provision{Program: c.Program, MaxSize: int64(c.MaxSize), Timeout: c.Timeout}
	var match, try, reading, parsing error
	v.Match, match = tftpd.ParsePattern(c.Match)
	v.Try, try = patterns(c.Try)
	text, reading := c.Text()
	if text != "" || c.TemplateFile != "" {
		name := c.TemplateFile
		if name == "" {
			name = "template"
		}
		v.Template, parsing = template.New(name).Option("missingkey=error").Parse(strings.TrimPrefix(text, "\ufeff"))
	}
	if parsing == nil && v.Template != nil {
		parsing = unknownField(v.Template)
	}
	var missing error
	if len(c.Program) > 0 {
		_, missing = exec.LookPath(c.Program[0])
	}
	return v, errors.Join(match, try, reading, parsing, missing)
}

// unknownField finds facts that there are none of. Whatever else a template fails for may
// be fine with the facts of a client.
func unknownField(t *template.Template) error {
	err := t.Execute(io.Discard, tftpd.Facts{})
	if err != nil && strings.Contains(err.Error(), "can't evaluate field") {
		return err
	}
	return nil
}
