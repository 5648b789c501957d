package interop

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// vsftpd serves guests, who may write.
var vsftpd = server{
	name: "vsftpd", protocol: "ftp",
	start: func(t *testing.T, root string) endpoint {
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
allow_writeable_chroot=YES
connect_from_port_20=NO
ftp_username=daemon
nopriv_user=nobody
seccomp_sandbox=NO
secure_chroot_dir=%s
`, root, folder(t))))
	},
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
