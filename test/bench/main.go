//go:build linux

// Command bench measures dray against the servers of others: the same work, the same
// client, on the same machine, in rounds that take turns. What counts is the ratio of the
// medians; docs/bench.md says how the figures are made. It listens on loopback only, puts
// its files into a folder of its own in memory, and ends every process that it started.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	runtime.LockOSThread()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	thread, ended := make(mainThread), make(chan error, 1)
	go func() { ended <- command(ctx, os.Args[1:], thread) }()
	switch err := thread.serve(ended); {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// mainThread starts the servers, and does nothing else: they are to die with the thread
// that started them, and this one lives as long as the process.
type mainThread chan func()

func (t mainThread) serve(ended <-chan error) error {
	for {
		select {
		case f := <-t:
			f()
		case err := <-ended:
			return err
		}
	}
}

// do runs f on the thread.
func (t mainThread) do(f func()) {
	done := make(chan struct{})
	t <- func() {
		defer close(done)
		f()
	}
	<-done
}

// options are what the command line says.
type options struct {
	scale  scale
	only   *regexp.Regexp // of the names of rows
	peers  *regexp.Regexp // of the names of servers, besides dray
	json   bool
	dray   string // a binary; empty: built from the tree
	dir    string // holds the folder of the files
	limit  time.Duration
	status io.Writer // is told what is going on
}

func command(ctx context.Context, args []string, thread mainThread) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, o.limit)
	defer cancel()
	return compare(ctx, o, thread, os.Stdout)
}

// compare measures, and prints what came out.
func compare(ctx context.Context, o options, thread mainThread, w io.Writer) error {
	b, err := open(ctx, o, thread)
	if err != nil {
		return err
	}
	about := describe()
	results, err := b.measure(slices.Concat(ftpRows(o.scale), sshRows(o.scale), tftpRows(o.scale)))
	if err := errors.Join(err, b.close()); err != nil {
		return err
	}
	if o.json {
		return printJSON(w, about, results)
	}
	return printTable(w, about, results)
}

// describe tells what is known of the machine. Who measures on one that is busy with
// something else should see it.
func describe() string {
	var u unix.Utsname
	kernel := "Linux"
	if unix.Uname(&u) == nil {
		kernel += " " + unix.ByteSliceToString(u.Release[:])
	}
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		load = []byte("not known")
	}
	minute, _, _ := strings.Cut(string(load), " ")
	return fmt.Sprintf("%d CPUs, %s, %s, load before %s", runtime.NumCPU(), kernel, runtime.Version(), minute)
}

func parse(args []string) (options, error) {
	o := options{status: os.Stderr}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	quick := f.Bool("quick", false, "smaller files and fewer rounds: a hint in two minutes")
	rounds := f.Int("rounds", 0, "rounds of each row (default 5, quick 3)")
	size := f.Int64("size", 0, "size of the file in the rows with one FTP stream, in MiB (default 1024, quick 256)")
	crowd := f.Int("crowd", 0, "TFTP transfers at once, and idle ones, in the rows that have many (default 1000, quick 100)")
	only := f.String("run", "", "only rows whose name this regular expression finds")
	peers := f.String("peers", "", "only peers whose name this regular expression finds")
	f.BoolVar(&o.json, "json", false, "print every sample as JSON, not the table")
	f.StringVar(&o.dray, "dray", "", "measure this binary, not one built from the tree")
	f.StringVar(&o.dir, "dir", "/dev/shm", "where the files are made; disks decide if it is not in memory")
	f.DurationVar(&o.limit, "limit", 20*time.Minute, "give up after so long")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("what is %q?", f.Arg(0))
	}
	o.scale = full()
	if *quick {
		o.scale = brief()
	}
	if *rounds > 0 {
		o.scale.rounds = *rounds
	}
	if *crowd > 0 {
		o.scale.crowd = *crowd
	}
	if *size > 0 {
		o.scale.stream = *size << 20
	}
	var err error
	if o.only, err = regexp.Compile(*only); err != nil {
		return o, err
	}
	o.peers, err = regexp.Compile(*peers)
	return o, err
}

// scale is how much work the rows do.
type scale struct {
	rounds  int
	stream  int64 // octets of the file of one FTP stream
	files   int   // small files of one session
	entries int   // of the folder that is listed
	logins  int   // one after the other
	idle    int   // sessions that do nothing
	tftp    int64 // octets of the file of one TFTP transfer
	many    int64 // octets of each of 64 TFTP transfers at once
	crowd   int   // TFTP transfers at once, of a crowdFile each
}

// full takes some ten minutes.
func full() scale {
	return scale{
		rounds: 5, stream: 1 << 30, files: 1000, entries: 50_000, logins: 1000, idle: 5000,
		tftp: 64 << 20, many: 4 << 20, crowd: 1000,
	}
}

// brief takes two.
func brief() scale {
	return scale{
		rounds: 3, stream: 256 << 20, files: 200, entries: 10_000, logins: 200, idle: 500,
		tftp: 16 << 20, many: 1 << 20, crowd: 100,
	}
}
