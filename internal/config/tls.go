package config

// TLS is how FTP is protected.
type TLS struct {
	Mode        TLSMode    // the zero value is TLSOptional
	CertFile    string     // PEM; "" is a certificate of our own in StateDir
	KeyFile     string     // PEM; "" is CertFile
	ClientCAs   string     // PEM; clients with a certificate of theirs may log in by it; "" is nobody
	Binding     TLSBinding // the zero value is BindingLog
	RequireEnd  bool       // refuse uploads without close_notify
	DataTickets SwitchOn   // session tickets on data connections
}

func (s *Serve) checkTLS() error {
	_, implicit := s.FTPS.Port.Number()
	switch t := s.TLS; {
	case t.Mode != TLSOff:
	case implicit:
		return &Conflict{"ftps.port", "needs TLS, and tls.mode (--tls) is off"}
	case t.CertFile != "":
		return &Conflict{"tls.cert", "needs TLS, and tls.mode (--tls) is off"}
	case t.ClientCAs != "":
		return &Conflict{"tls.client-ca", "needs TLS, and tls.mode (--tls) is off"}
	case t.Binding == BindingRequire:
		return &Conflict{"tls.data-binding", "needs TLS, and tls.mode (--tls) is off"}
	}
	if s.TLS.KeyFile != "" && s.TLS.CertFile == "" {
		return &Conflict{"tls.key", "needs its certificate, tls.cert (--tls-cert)"}
	}
	return nil
}

// TLSMode says who has to use TLS.
type TLSMode string

// The modes. The zero value is TLSOptional.
const (
	TLSOff      TLSMode = "off"      // nobody can
	TLSOptional TLSMode = "optional" // who wants to
	TLSRequired TLSMode = "required" // everybody, before log-in
)

// Set takes a mode.
func (m *TLSMode) Set(s string) error { return setWord(m, s) }

// Words are what Set takes.
func (m *TLSMode) Words() []string {
	return []string{string(TLSOff), string(TLSOptional), string(TLSRequired)}
}

func (m *TLSMode) String() string { return string(*m) }

// Type names the value in a usage text.
func (m *TLSMode) Type() string { return "off|optional|required" }

// TLSBinding says what becomes of a data connection that does not resume the TLS session
// of its control connection.
type TLSBinding string

// The bindings. The zero value is BindingLog.
const (
	BindingOff     TLSBinding = "off"     // it is taken
	BindingLog     TLSBinding = "log"     // it is taken, and noted in the log
	BindingRequire TLSBinding = "require" // it is refused
)

// Set takes a binding.
func (b *TLSBinding) Set(s string) error { return setWord(b, s) }

// Words are what Set takes.
func (b *TLSBinding) Words() []string {
	return []string{string(BindingOff), string(BindingLog), string(BindingRequire)}
}

func (b *TLSBinding) String() string { return string(*b) }

// Type names the value in a usage text.
func (b *TLSBinding) Type() string { return "off|log|require" }
