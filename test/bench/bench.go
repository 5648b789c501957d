//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// bench is one run: a folder with the files that are served, and the servers that run.
type bench struct {
	ctx     context.Context
	main    mainThread
	options options
	module  string // the folder of go.mod
	dir     string // all that is made
	root    string // the part of it that is served
	binary  string // dray
	running map[string]*instance
}

// The files that are served, below the root. Whoever a server runs as may write to uploads.
const (
	bigFile   = "big.bin"
	tftpFile  = "image.bin"
	manyFile  = "config.bin"
	crowdFile = "crowd.bin"
	smallDir  = "small"
	longDir   = "long"
	uploadDir = "upload"
)

const (
	smallSize = 4 << 10
	crowdSize = 8 << 20
)

func open(ctx context.Context, o options, thread mainThread) (*bench, error) {
	module, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return nil, fmt.Errorf("go list -m: %w", err)
	}
	dir, err := os.MkdirTemp(o.dir, "dray-bench-")
	if err != nil {
		return nil, err
	}
	b := &bench{
		ctx: ctx, main: thread, options: o, module: strings.TrimSpace(string(module)),
		dir: dir, root: filepath.Join(dir, "root"), binary: o.dray, running: make(map[string]*instance),
	}
	if err := errors.Join(b.build(), b.fill()); err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

// close ends the servers and removes the files.
func (b *bench) close() error {
	for _, i := range b.running {
		i.stop()
	}
	return os.RemoveAll(b.dir)
}

func (b *bench) build() error {
	if b.binary != "" {
		return nil
	}
	b.binary = filepath.Join(b.dir, "dray")
	cmd := exec.CommandContext(b.ctx, "go", "build", "-trimpath", "-o", b.binary, "./cmd/dray")
	cmd.Dir = b.module
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

// fill makes the files.
func (b *bench) fill() error {
	s := b.options.scale
	var st unix.Statfs_t
	if err := unix.Statfs(b.dir, &st); err != nil {
		return err
	}
	if need := 2*s.stream + s.tftp + 1<<30; int64(st.Bavail)*st.Bsize < need {
		return fmt.Errorf("%s has no room for %d MiB: choose another place with -dir or less with -size", b.options.dir, need>>20)
	}
	for _, d := range []string{"", smallDir, longDir, uploadDir} {
		if err := os.MkdirAll(filepath.Join(b.root, d), 0o755); err != nil {
			return err
		}
	}
	err := errors.Join(os.Chmod(b.dir, 0o755), os.Chmod(filepath.Join(b.root, uploadDir), 0o777))
	for name, size := range map[string]int64{bigFile: s.stream, tftpFile: s.tftp, manyFile: s.many, crowdFile: crowdSize} {
		err = errors.Join(err, b.file(name, size))
	}
	for i := range s.files {
		err = errors.Join(err, b.file(smallName(i), smallSize))
	}
	for i := range s.entries {
		err = errors.Join(err, b.file(filepath.Join(longDir, fmt.Sprintf("router-%06d.cfg", i)), 0))
	}
	return err
}

func smallName(i int) string { return fmt.Sprintf("%s/%04d.bin", smallDir, i) }

// file makes a file of noise: in memory there are no holes, and nothing to compress.
func (b *bench) file(name string, size int64) error {
	f, err := os.Create(filepath.Join(b.root, name))
	if err != nil {
		return err
	}
	noise := rand.NewChaCha8([32]byte{})
	buf := make([]byte, 1<<20)
	for size > 0 && err == nil {
		part := buf[:min(size, int64(len(buf)))]
		noise.Read(part)
		_, err = f.Write(part)
		size -= int64(len(part))
	}
	return errors.Join(err, f.Close())
}

// folder makes an empty folder that anyone may enter.
func (b *bench) folder(name string) (string, error) {
	dir, err := os.MkdirTemp(b.dir, name+"-")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755)
}

// config writes a configuration and returns its path.
func (b *bench) config(name, text string) (string, error) {
	dir, err := b.folder(name)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, name)
	return path, os.WriteFile(path, []byte(text), 0o600)
}

// errCannot is wrapped by what a server cannot be measured in, and why.
var errCannot = errors.New("not here")

// program finds a peer: unpacked by scripts/peers, or installed.
func (b *bench) program(name string) (string, error) {
	for _, dir := range []string{"usr/sbin", "usr/bin"} {
		path := filepath.Join(b.module, ".peers", dir, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	for _, dir := range []string{"", "/usr/local/sbin/", "/usr/sbin/", "/sbin/"} {
		if path, err := exec.LookPath(dir + name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s: %w; scripts/peers installs it", name, errCannot)
}
