//go:build unix

package hook

import (
	"os/exec"
	"syscall"
)

// alone makes a program the head of a group that is killed as one.
func alone(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
