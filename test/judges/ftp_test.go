package judges

import (
	"crypto/tls"
	"testing"
)

// ftpServer is something to judge: start serves an empty folder to the one user until
// the test has ended, and returns the address.
type ftpServer struct {
	name     string
	start    func(t *testing.T) (addr string)
	encoding string // of names that it cannot take, which rclone recommends; "" is rclone's default
	tls      tlsStart
	bound    bool // data connections must resume the TLS session of their control connection
}

// tlsStart is when TLS begins (RFC 4217); the zero value is never.
type tlsStart string

const (
	explicit tlsStart = "explicit" // after AUTH TLS
	implicit tlsStart = "implicit" // with the first byte
)

func ftpServers() []ftpServer {
	return []ftpServer{
		{name: "proftpd", start: startProftpd, encoding: "Asterisk,Ctl,Dot,Slash"},
		{name: "dray", start: startDray("ftp")},
		{name: "dray, explicit TLS", start: startDray("ftp", "--tls", "required"), tls: explicit},
		{name: "dray, implicit TLS", start: startDray("ftps"), tls: implicit},
		{name: "dray, bound TLS", tls: explicit, bound: true,
			start: startDray("ftp", "--tls", "required", "--tls-data-binding", "require")},
	}
}

// startDray serves one protocol only, on a free port.
func startDray(protocol string, args ...string) func(t *testing.T) string {
	return func(t *testing.T) string {
		ports := map[string]string{"ftp": "off", "ftps": "off"}
		ports[protocol] = "0"
		return serve(t, protocol, append([]string{"--tftp", "off", "--ftp", ports["ftp"], "--ftps", ports["ftps"],
			"--user", user + ":" + password}, args...)...)
	}
}

// tlsConfig takes any certificate, and resumes sessions.
func tlsConfig() *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, ServerName: "dray", ClientSessionCache: tls.NewLRUClientSessionCache(0)}
}

// onEachServer runs body against a fresh folder on each FTP server.
func onEachServer(t *testing.T, body func(t *testing.T, srv ftpServer, addr string)) {
	for _, srv := range ftpServers() {
		t.Run(srv.name, func(t *testing.T) { body(t, srv, srv.start(t)) })
	}
}
