package permissions

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"dray/internal/policy"
	"dray/internal/scp"
)

// runs is a row of one command and what is said to it, piece by piece as the server agrees. A
// refusal is what it says instead.
func runs(command string, pieces ...string) func(client) error {
	return func(c client) error {
		s, err := c.(*ssh.Client).NewSession()
		if err != nil {
			return err
		}
		defer s.Close()
		to, err1 := s.StdinPipe()
		from, err2 := s.StdoutPipe()
		if err := errors.Join(err1, err2, s.Start(command)); err != nil {
			return err
		}
		in := bufio.NewReader(from)
		for _, piece := range append(pieces, "") {
			if strings.Contains(command, "t ") {
				if err := agreed(in); err != nil {
					return err
				}
			}
			if _, err := io.WriteString(to, piece); err != nil {
				break // the server has ended before it has read all
			}
		}
		rest := make(chan string, 1)
		go func() {
			b, _ := io.ReadAll(in)
			rest <- string(b)
		}()
		_ = to.Close() // unless it is closed already
		err = s.Wait()
		if text := <-rest; strings.ContainsAny(text, "\x01\x02") {
			return refusal(text[strings.IndexAny(text, "\x01\x02"):])
		}
		return err
	}
}

// agreed reads one answer.
func agreed(in *bufio.Reader) error {
	b, err := in.ReadByte()
	if err != nil || b == 0 {
		return err
	}
	line, err := in.ReadString('\n')
	return errors.Join(err, refusal(line))
}

// refusal is the last words of a line such as "scp: /old: permission denied".
func refusal(line string) error {
	line, _, _ = strings.Cut(line, "\n")
	return errors.New(line[strings.LastIndex(line, ": ")+2:])
}

func scpTable() protocol {
	p := protocol{name: "scp", denied: "permission denied", exists: "file exists"}
	add := func(verb, about string, changes bool, do func(client) error, takes ...policy.Op) *row {
		p.rows = append(p.rows, row{verb: verb, about: about, takes: takes, changes: changes, do: do})
		return &p.rows[len(p.rows)-1]
	}
	const read, change = false, true
	acks := strings.Repeat("\x00", 20)
	add("-f", "a file", read, runs("scp -f /old", acks), policy.Stat, policy.Read)
	add("-f -p", "a file with its times", read, runs("scp -pf /old", acks), policy.Stat, policy.Read)
	add("-f -r", "a folder and all below", read, runs("scp -rf /full", acks), policy.Stat, policy.List, policy.Read)
	add("-t", "a new file", change, runs("scp -t /new", "C0644 1 x\n", "x\x00"), policy.Create)
	add("-t", "a file that is there", change, runs("scp -t /old", "C0644 1 x\n", "x\x00"), policy.Overwrite).exists = true
	add("-t", "a new file in a folder", change, runs("scp -t /full", "C0644 1 x\n", "x\x00"), policy.Stat, policy.Create).lacks = map[policy.Op]string{policy.Stat: "is a directory"}
	add("-t -d", "a new file in what has to be a folder", change, runs("scp -dt /full", "C0644 1 x\n", "x\x00"), policy.Stat, policy.Create).lacks = map[policy.Op]string{policy.Stat: "not a directory"}
	add("-t -p", "a file that is there, with times and mode", change, runs("scp -pt /old", "T1 0 1 0\n", "C0600 1 x\n", "x\x00"), policy.Overwrite, policy.SetStat).exists = true
	add("-t -r", "a new folder", change, runs("scp -rt /new", "D0755 0 x\n", "E\n"), policy.Mkdir)
	add("-t -r", "a new file in a folder that is there too", change, runs("scp -rt /", "D0755 0 full\n", "C0644 1 y\n", "y\x00", "E\n"), policy.Stat, policy.Create).lacks = map[policy.Op]string{policy.Stat: "file exists"}
	add("-t -r -p", "a new folder, with times and mode", change, runs("scp -prt /new", "T1 0 1 0\n", "D0700 0 x\n", "E\n"), policy.Mkdir, policy.SetStat)
	return p
}

// scpWithout are the options that make no difference: to be talkative, quiet, and with
// extended attributes.
func scpWithout() []string { return []string{"-v", "-q", "-E"} }

// TestSCP asks by every option of the older scp that the server takes.
func TestSCP(t *testing.T) {
	w := newWorld(t)
	conn := listenSSH(t, w)
	var options []string
	for c := 'A'; c <= 'z'; c++ {
		if c > 'Z' && c < 'a' {
			continue
		}
		for _, line := range []string{"scp -" + string(c) + "t /x", "scp -" + string(c) + " /x"} {
			if _, err := scp.ParseCommand(line); err == nil {
				options = append(options, "-"+string(c))
				break
			}
		}
	}
	p := scpTable()
	p.covers(t, options, scpWithout())
	p.run(t, w, func(*testing.T) (client, func()) { return conn, func() {} })
}
