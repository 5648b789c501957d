package interop

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// vsftpd serves guests, who may write. With TLS it wants data connections to resume the
// session of the control connection.
var (
	vsftpd    = server{name: "vsftpd", protocol: "ftp", start: func(t *testing.T, root string) endpoint { return startVsftpd(t, root) }}
	vsftpdTLS = server{name: "vsftpd", protocol: "ftpes", start: func(t *testing.T, root string) endpoint {
		cert, both := certificate(t)
		e := startVsftpd(t, root, "ssl_enable=YES", "ssl_tlsv1=YES", "allow_anon_ssl=YES", "force_anon_data_ssl=YES",
			"force_anon_logins_ssl=YES", "require_ssl_reuse=YES", "ssl_ciphers=HIGH", "rsa_cert_file="+both)
		e.ca = cert
		return e
	}}
)

func startVsftpd(t *testing.T, root string, more ...string) endpoint {
	return inetd(t, "ftp", peer(t, "vsftpd"), configFile(t, "vsftpd.conf", fmt.Sprintf(`
listen=NO
anonymous_enable=YES
anon_root=%s
anon_umask=022
anon_upload_enable=YES
anon_mkdir_write_enable=YES
anon_other_write_enable=YES
anon_world_readable_only=NO
write_enable=YES
connect_from_port_20=NO
ftp_username=daemon
nopriv_user=nobody
seccomp_sandbox=NO
secure_chroot_dir=%s
%s
`, root, folder(t), strings.Join(more, "\n"))))
}

// configFile writes a configuration where a server finds it after it became nobody.
func configFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(folder(t), name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
