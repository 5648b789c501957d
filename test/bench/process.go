//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a server with all that it forks, in a process group of its own.
type process struct {
	cmd     *exec.Cmd
	log     string   // the file of what it printed
	account *account // nil where there can be none
	done    chan struct{}
}

// run starts a command that ends with this process at the latest. What it prints goes to
// a file in memory.
func (b *bench) run(name string, cmd *exec.Cmd) (*process, error) {
	dir, err := b.folder(name)
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p := &process{cmd: cmd, log: log.Name(), done: make(chan struct{})}
	if p.account, err = newAccount(name); err == nil {
		group, err := p.account.open()
		if err != nil {
			return nil, errors.Join(err, p.account.close())
		}
		defer group.Close()
		cmd.SysProcAttr.UseCgroupFD, cmd.SysProcAttr.CgroupFD = true, int(group.Fd())
	}
	b.main.do(func() { err = cmd.Start() })
	if err != nil {
		return nil, err
	}
	go func() {
		defer close(p.done)
		cmd.Wait() // how it ended, its log tells
	}()
	return p, nil
}

// stop ends the process and its group, which are ours alone.
func (p *process) stop() {
	syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.done
	if p.account != nil {
		p.account.close()
	}
}

// until tries every few milliseconds whether ok has come true. It fails when the process
// ends before, or after ten seconds.
func (p *process) until(ctx context.Context, ok func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-p.done:
			return errors.New("ended by itself")
		case <-ctx.Done():
			return fmt.Errorf("not ready: %w", ctx.Err())
		}
	}
	return nil
}

// stat is what /proc/PID/stat tells of a process.
type stat struct {
	parent int
	zombie bool
	ticks  int64 // user and system, of itself and of the children that it has waited for
}

// hertz is USER_HZ, which is the same wherever Linux runs Go.
const hertz = 100

// parseStat reads a line of proc_pid_stat(5). The name of the program may hold anything.
func parseStat(line []byte) (stat, error) {
	fields := strings.Fields(string(line[bytes.LastIndexByte(line, ')')+1:]))
	if len(fields) < 15 {
		return stat{}, fmt.Errorf("stat of %d fields", len(fields))
	}
	s := stat{zombie: fields[0] == "Z"}
	var err error
	s.parent, err = strconv.Atoi(fields[1])
	for _, f := range fields[11:15] { // utime, stime, cutime, cstime
		n, e := strconv.ParseInt(f, 10, 64)
		s.ticks += n
		err = errors.Join(err, e)
	}
	return s, err
}

// tree returns the process and its descendants.
func (p *process) tree() (map[int]stat, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	all := make(map[int]stat)
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		line, err := os.ReadFile(filepath.Join("/proc", e.Name(), "stat"))
		if err != nil {
			continue // it has ended
		}
		if all[pid], err = parseStat(line); err != nil {
			return nil, err
		}
	}
	own := make(map[int]stat)
	for pid, s := range all {
		for at := pid; at > 1; at = all[at].parent {
			if at == p.cmd.Process.Pid {
				own[pid] = s
				break
			}
		}
	}
	return own, nil
}

// usage is the CPU time of the tree so far, in seconds, and how many processes live in it.
func (p *process) usage() (seconds float64, alive int, err error) {
	if p.account != nil {
		return p.account.usage()
	}
	tree, err := p.tree()
	for _, s := range tree {
		seconds += float64(s.ticks) / hertz
		if !s.zombie {
			alive++
		}
	}
	return seconds, alive, err
}

// pss is the memory of the tree in octets, with what several share counted in parts. The
// kernel's own is not in it.
func (p *process) pss() (float64, error) {
	tree, err := p.tree()
	if err != nil {
		return 0, err
	}
	var sum float64
	for pid := range tree {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // it has ended
		}
		if err != nil {
			return 0, err
		}
		lines := bufio.NewScanner(bytes.NewReader(text))
		for lines.Scan() {
			var kib float64
			if n, _ := fmt.Sscanf(lines.Text(), "Pss: %f kB", &kib); n == 1 {
				sum += 1024 * kib
			}
		}
	}
	return sum, nil
}
