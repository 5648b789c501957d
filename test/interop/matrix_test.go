package interop

import "testing"

// TestServe is our server with the clients of others.
func TestServe(t *testing.T) {
	t.Run("ftp", func(t *testing.T) { each(t, drayFTP, ftpClients()) })
	t.Run("tftp", func(t *testing.T) { each(t, drayTFTP, tftpClients()) })
}

func each(t *testing.T, s server, clients []client) {
	for _, c := range clients {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			exchange(t, c, s)
		})
	}
}

// TestFetch is our client with the servers of others.
func TestFetch(t *testing.T) {
	for _, s := range servers() {
		t.Run(s.protocol+" "+s.name, func(t *testing.T) {
			t.Parallel()
			exchange(t, dray(s.protocol), s)
			if s.protocol == "ftp" {
				exchange(t, dray("ftp", "--active"), s)
			}
		})
	}
}

func ftpClients() []client {
	return []client{
		dray("ftp"),
		dray("ftp", "--active"),
		curl("curl", "ftp"),
		curl("curl active", "ftp", "--ftp-port", "-"),
		curl("curl PASV", "ftp", "--disable-epsv"),
		curl("curl PORT", "ftp", "--ftp-port", "-", "--disable-eprt"),
		lftp("lftp", plain),
		tnftp(),
		inetutilsFTP(),
		wget(),
		ftplib(),
		busyboxFTP(),
	}
}

func tftpClients() []client {
	return []client{
		dray("tftp"),
		curl("curl", "tftp"),
		curl("curl blksize 1428", "tftp", "--tftp-blksize", "1428"),
		curl("curl without options", "tftp", "--tftp-no-options"),
		tftpHPA("octet"),
		atftp("atftp"),
		atftp("atftp blksize 1428 tsize", "--option", "blksize 1428", "--option", "tsize 0"),
		busyboxTFTP("busybox"),
		busyboxTFTP("busybox blksize 1428", "-b", "1428"),
	}
}

func servers() []server {
	return []server{vsftpd, proftpd, pureFTPd, pyftpdlib, tftpdHPA, atftpd, dnsmasq}
}
