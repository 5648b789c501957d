package daemon

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"os"

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
	leaf := d.cert.Leaf()
	return Certificate{d.cert.Fingerprint(), leaf, leaf.Issuer.String() == leaf.Subject.String()}, true
}

// protect gives a server its TLS. Where nobody has asked for it, the want of a place to
// keep a certificate is no reason not to serve.
func (d *Daemon) protect(srv *ftpserver.Server, cfg config.TLS, stateDir string, log *slog.Logger) error {
	if cfg.Mode == config.TLSOff {
		return nil
	}
	source, err := certificate(cfg, stateDir, log)
	switch {
	case err != nil && cfg.Mode == "" && cfg.CertFile == "" && cfg.ClientCAs == "":
		log.Warn("FTP goes without TLS", "error", err)
		return nil
	case err != nil:
		return err
	}
	d.cert = source
	srv.TLS = &tls.Config{GetCertificate: source.GetCertificate, MinVersion: tls.VersionTLS12}
	if cfg.ClientCAs != "" {
		if srv.TLS.ClientCAs, err = certs.ClientCAs(cfg.ClientCAs); err != nil {
			return err
		}
		srv.TLS.ClientAuth = tls.VerifyClientCertIfGiven
	}
	srv.RequireTLS = cfg.Mode == config.TLSRequired
	srv.Binding = binding(cfg.Binding)
	return nil
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
