package daemon

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"

	"dray/ftp/ftpserver"
	"dray/internal/certs"
	"dray/internal/config"
)

// Certificate is what clients see of the server before they trust it.
type Certificate struct {
	Fingerprint string            // SHA-256 of the certificate, as 0A:1B:…
	Leaf        *x509.Certificate // the certificate itself
	SelfSigned  bool              // nobody vouches for it: compare the fingerprint, or pin the key
}

// Certificate returns the certificate of FTPS, and false without TLS.
func (d *Daemon) Certificate() (Certificate, bool) {
	if d.cert == nil {
		return Certificate{}, false
	}
	source := d.cert.get().source
	leaf := source.Leaf()
	return Certificate{source.Fingerprint(), leaf, leaf.Issuer.String() == leaf.Subject.String()}, true
}

// protect gives a server its TLS. Where nobody has asked for it, the want of a place to
// keep a certificate is no reason not to serve.
func (d *Daemon) protect(srv *ftpserver.Server, cfg config.Serve, log *slog.Logger) error {
	if cfg.TLS.Mode == config.TLSOff {
		return nil
	}
	source, err := certificate(cfg.TLS, cfg.StateDir, log)
	switch {
	case err != nil && !asked(cfg):
		log.Warn("FTP goes without TLS", "error", err)
		return nil
	case err != nil:
		return err
	}
	all, err := byName(source, cfg.FTP.Hosts, log)
	if err != nil {
		return err
	}
	d.cert = newLive(all)
	d.reloads(func(cfg config.Serve) (change, error) { return d.reloadCertificates(cfg, log) }, "tls.cert", "tls.key")
	get := func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) { return d.cert.get().of(hello) }
	srv.TLS = &tls.Config{GetCertificate: get, MinVersion: tls.VersionTLS12, CipherSuites: forwardSecret()}
	if cfg.TLS.ClientCAs != "" {
		if srv.TLS.ClientCAs, err = certs.ClientCAs(cfg.TLS.ClientCAs); err != nil {
			return err
		}
		srv.TLS.ClientAuth = tls.VerifyClientCertIfGiven
	}
	srv.TrustHint = "give the client the fingerprint or the --pin that dray serve prints, or serve with --tls-cert a certificate that it can verify"
	srv.RequireTLS = cfg.TLS.Mode == config.TLSRequired
	srv.Binding = binding(cfg.TLS.Binding)
	srv.RequireTLSEnd = cfg.TLS.RequireEnd
	srv.NoDataTickets = !cfg.TLS.DataTickets.On()
	return nil
}

// asked reports whether somebody has asked for TLS.
func asked(cfg config.Serve) bool {
	_, implicit := cfg.FTPS.Port.Number()
	named := func(h config.Host) bool { return h.CertFile != "" }
	return implicit || cfg.TLS.Mode != "" || cfg.TLS.CertFile != "" || cfg.TLS.ClientCAs != "" || slices.ContainsFunc(cfg.FTP.Hosts, named)
}

// forwardSecret are the suites of TLS 1.2 that authenticate what they encrypt and whose
// keys nobody can find out afterwards. Those of TLS 1.3 are all such.
func forwardSecret() []uint16 {
	return []uint16{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	}
}

// reloadCertificates opens the certificates anew. Virtual hosts stay those that there were.
func (d *Daemon) reloadCertificates(cfg config.Serve, log *slog.Logger) (change, error) {
	source, err := certificate(cfg.TLS, d.reload.started.StateDir, log)
	if err != nil {
		return change{}, err
	}
	all, err := byName(source, d.reload.started.FTP.Hosts, log)
	return change{apply: func() { d.cert.set(all) }}, err
}

// certificates are those of the server and of its virtual hosts.
type certificates struct {
	source *certs.Source
	own    map[string]*certs.Source // by the name of the host
}

// of chooses the certificate of the host that a client names in its hello (SNI, RFC
// 6066, section 3), and the server's for all others.
func (c *certificates) of(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if source, ok := c.own[strings.ToLower(hello.ServerName)]; ok {
		return source.GetCertificate(hello)
	}
	return c.source.GetCertificate(hello)
}

func byName(all *certs.Source, hosts []config.Host, log *slog.Logger) (*certificates, error) {
	own := map[string]*certs.Source{}
	for _, h := range hosts {
		if h.CertFile == "" {
			continue
		}
		source, err := certificate(config.TLS{CertFile: h.CertFile, KeyFile: h.KeyFile}, "", log.With("host", h.Name))
		if err != nil {
			return nil, fmt.Errorf("host %s: %w", h.Name, err)
		}
		own[h.Name] = source
	}
	return &certificates{all, own}, nil
}

func binding(b config.TLSBinding) ftpserver.Binding {
	switch b {
	case config.BindingOff:
		return ftpserver.BindingOff
	case config.BindingRequire:
		return ftpserver.BindingRequire
	}
	return ftpserver.BindingLog
}

// certificate opens the operator's certificate, or makes one that is kept.
func certificate(cfg config.TLS, stateDir string, log *slog.Logger) (*certs.Source, error) {
	watch := certs.Watch{Changed: func(err error) {
		if err != nil {
			log.Error("certificate not reloaded, the former one stays in use", "error", err)
			return
		}
		log.Info("certificate reloaded")
	}}
	if cfg.CertFile != "" {
		key := cfg.KeyFile
		if key == "" {
			key = cfg.CertFile
		}
		return certs.Files(cfg.CertFile, key, watch)
	}
	source, err := certs.SelfSigned(stateDir, names(), watch)
	if err != nil {
		return nil, fmt.Errorf("a certificate for TLS cannot be kept: %w: say where with --state-dir, or switch TLS off with --tls off", err)
	}
	return source, nil
}

// names is what clients may call this machine.
func names() []string {
	var all []string
	if host, err := os.Hostname(); err == nil {
		all = append(all, host)
	}
	addrs, _ := net.InterfaceAddrs() // without them, a name is what there is
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok {
			all = append(all, n.IP.String())
		}
	}
	return all
}
