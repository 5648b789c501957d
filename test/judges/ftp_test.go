package judges

import "testing"

// ftpServer is something to judge: start serves an empty folder to the one user until
// the test has ended, and returns the address.
type ftpServer struct {
	name     string
	start    func(t *testing.T) (addr string)
	encoding string // of names that it cannot take, which rclone recommends; "" is rclone's default
}

func ftpServers() []ftpServer {
	return []ftpServer{
		{name: "proftpd", start: startProftpd, encoding: "Asterisk,Ctl,Dot,Slash"},
		{name: "dray", start: startDray},
	}
}

func startDray(t *testing.T) string {
	return serve(t, "ftp", "--ftp", "0", "--tftp", "off", "--user", user+":"+password)
}

// onEachServer runs body against a fresh folder on each FTP server.
func onEachServer(t *testing.T, body func(t *testing.T, srv ftpServer, addr string)) {
	for _, srv := range ftpServers() {
		t.Run(srv.name, func(t *testing.T) { body(t, srv, srv.start(t)) })
	}
}
