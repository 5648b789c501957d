package interop

import "testing"

// TestServe is our server with the clients of others.
func TestServe(t *testing.T) {
	t.Run("ftp", func(t *testing.T) { each(t, drayFTP, ftpClients()) })
	t.Run("ftpes", func(t *testing.T) { each(t, drayTLS, tlsClients()) })
	t.Run("ftps", func(t *testing.T) { each(t, drayFTPS, implicitClients()) })
	t.Run("ssh", func(t *testing.T) { each(t, drayServerSSH(), sshClients()) })
	t.Run("tftp", func(t *testing.T) { each(t, drayTFTP, tftpClients()) })
	t.Run("tftp over one port", func(t *testing.T) { each(t, drayTFTP1, tftpClients()) })
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
			switch s.protocol {
			case "tftp":
			case "sftp":
				if !s.noScp {
					exchange(t, dray("scp"), s)
				}
			default:
				exchange(t, dray(s.protocol, "--active"), s)
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
		wget("wget"),
		ftplib("ftplib", ""),
		busyboxFTP(),
	}
}

// tlsClients resume the TLS session of their control connection for each of their data
// connections.
func tlsClients() []client {
	return []client{
		dray("ftpes"),
		dray("ftpes", "--active"),
		curl("curl TLS 1.3", "ftp", "--ssl-reqd", "--tlsv1.3"),
		lftp("lftp TLS 1.2", tls12),
		lftp("lftp TLS 1.3"),
		wget("wget TLS 1.2", "--secure-protocol=TLSv1_2"),
		wget("wget TLS 1.3", "--secure-protocol=TLSv1_3"),
		ftplibTLS("ftplib that resumes TLS 1.2", "TLSv1_2", true),
		ftplibTLS("ftplib that resumes TLS 1.3", "TLSv1_3", true),
	}
}

func implicitClients() []client {
	return []client{
		dray("ftps"),
		curl("curl", "ftps", "--tlsv1.3"),
		lftp("lftp"),
		wget("wget", "--ftps-implicit"),
	}
}

// sshClients come with their key, or with a password where they know no keys.
func sshClients() []client {
	return []client{
		dray("sftp"),
		dray("scp"),
		sftpOf("sftp"),
		sftpOf("sftp, AES-GCM", "-c", "aes256-gcm@openssh.com"),
		scpOf("scp"),
		scpOf("scp -O", "-O"),
		psftp(),
		pscp("pscp -sftp", "-sftp"),
		pscp("pscp -scp", "-scp"),
		curlSSH("sftp"),
		curlSSH("scp"), // over libssh2, as sftp is
		lftpSFTP(),
		paramiko(),
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
		atftp("atftp blksize 1428 tsize", "blksize 1428", "tsize 0"),
		atftp("atftp windowsize 4", "windowsize 4"),
		atftp("atftp blksize 1428 windowsize 16 timeout", "blksize 1428", "windowsize 16", "timeout 3"),
		atftp("atftp blksize 8192 windowsize 8", "blksize 8192", "windowsize 8"),
		busyboxTFTP("busybox"),
		busyboxTFTP("busybox blksize 1428", "-b", "1428"),
	}
}

func servers() []server {
	return []server{
		vsftpd, proftpd, pureFTPd, pyftpdlib,
		vsftpdTLS, proftpdTLS, pureFTPdTLS, pyftpdlibTLS,
		tftpdHPA, atftpd, dnsmasq,
		openSSH, proftpdSFTP,
	}
}
