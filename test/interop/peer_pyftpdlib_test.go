package interop

import (
	"os/exec"
	"testing"
)

// pyftpdlib serves one user. It prints its port when it listens.
var (
	pyftpdlib = server{name: "pyftpdlib", protocol: "ftp", start: func(t *testing.T, root string) endpoint {
		return startPyftpdlib(t, root, "")
	}}
	pyftpdlibTLS = server{name: "pyftpdlib", protocol: "ftpes", start: func(t *testing.T, root string) endpoint {
		cert, both := certificate(t)
		e := startPyftpdlib(t, root, both)
		e.ca = cert
		return e
	}}
)

func startPyftpdlib(t *testing.T, root, certificate string) endpoint {
	const script = `
import sys
from pyftpdlib import authorizers, handlers, servers
user, password, root, certificate = sys.argv[1:]
handler = handlers.FTPHandler
if certificate:
    handler = handlers.TLS_FTPHandler
    handler.certfile = certificate
    handler.tls_control_required = handler.tls_data_required = True
handler.authorizer = authorizers.DummyAuthorizer()
handler.authorizer.add_user(user, password, root, perm="elradfmwMT")
server = servers.FTPServer(("127.0.0.1", 0), handler)
print(server.socket.getsockname()[1], flush=True)
server.serve_forever()
`
	e := endpoint{protocol: "ftp", host: "127.0.0.1", user: peerUser, password: peerPassword}
	cmd := exec.Command(peer(t, "/usr/bin/python3"), "-c", script, peerUser, peerPassword, root, certificate)
	if !serving(t, cmd, func(line string) bool { e.port = line; return true }) {
		t.Fatal("pyftpdlib ended before it served")
	}
	return e
}
