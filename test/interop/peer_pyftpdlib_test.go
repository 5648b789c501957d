package interop

import (
	"os/exec"
	"testing"
)

// pyftpdlib serves one user. It prints its port when it listens.
var pyftpdlib = server{
	name: "pyftpdlib", protocol: "ftp",
	start: func(t *testing.T, root string) endpoint {
		const script = `
import sys
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer
FTPHandler.authorizer = DummyAuthorizer()
FTPHandler.authorizer.add_user(sys.argv[1], sys.argv[2], sys.argv[3], perm="elradfmwMT")
server = FTPServer(("127.0.0.1", 0), FTPHandler)
print(server.socket.getsockname()[1], flush=True)
server.serve_forever()
`
		e := endpoint{protocol: "ftp", host: "127.0.0.1", user: peerUser, password: peerPassword}
		cmd := exec.Command(peer(t, "/usr/bin/python3"), "-c", script, peerUser, peerPassword, root)
		if !serving(t, cmd, func(line string) bool { e.port = line; return true }) {
			t.Fatal("pyftpdlib ended before it served")
		}
		return e
	},
}
