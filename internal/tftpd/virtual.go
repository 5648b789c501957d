package tftpd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"text/template"
	"time"
)

// Provision gives clients what is theirs, for provisioning without a touch. It holds for
// reads of the names that Match stands for, which may have the wildcards of [path.Match].
// Of Try, Template and Program there is one.
type Provision struct {
	Match    *Pattern
	Try      []*Pattern         // the first of these files that there is
	Template *template.Template // its output; the dot is [Facts]
	Program  []string           // the output of a program: the file itself and its arguments, no shell
	MaxSize  int64              // of an output, in octets; 0: 1 MiB
	Timeout  time.Duration      // of a program; 0: 5 seconds
}

// Check finds what a Provision lacks.
func (v *Provision) Check() error {
	kinds := 0
	for _, there := range []bool{len(v.Try) > 0, v.Template != nil, len(v.Program) > 0} {
		if there {
			kinds++
		}
	}
	if v.Match == nil || kinds != 1 {
		return errors.New("want what to match, and one of files to try, a template and a program")
	}
	if _, err := path.Match(v.Match.text, ""); err != nil {
		return fmt.Errorf("%q: %w", v.Match.text, err)
	}
	return nil
}

// matches reports whether a request is for one of the names.
func (v *Provision) matches(f Facts, fold bool) bool {
	pattern, ok := v.Match.name(f)
	if !ok {
		return false
	}
	name := f.Name
	if fold {
		pattern, name = strings.ToLower(pattern), strings.ToLower(name)
	}
	matched, err := path.Match(strings.TrimPrefix(pattern, "/"), name)
	return matched && err == nil
}

// Limits on what is produced, where none are set.
const (
	defaultMaxSize = 1 << 20
	defaultTimeout = 5 * time.Second
)

func (v *Provision) maxSize() int64 {
	if v.MaxSize > 0 {
		return v.MaxSize
	}
	return defaultMaxSize
}

// produce returns the output of the template or the program. fs.ErrNotExist means that
// there is no such file for this client.
func (v *Provision) produce(ctx context.Context, f Facts, places chan struct{}) ([]byte, error) {
	var out bytes.Buffer
	to := &limited{w: &out, left: v.maxSize()}
	var err error
	if v.Template != nil {
		err = v.Template.Execute(to, f)
	} else {
		err = v.run(ctx, f, to, places)
	}
	switch {
	case to.over:
		return nil, &Refusal{
			Why:    fmt.Sprintf("what %s makes is larger than %d octets", v.maker(), v.maxSize()),
			Remedy: "raise max-size", Err: errMade,
		}
	case errors.Is(err, errNothing):
		return nil, fs.ErrNotExist
	case err != nil:
		return nil, &Refusal{Why: fmt.Sprintf("%s failed: %v", v.maker(), err), Err: errMade}
	}
	return out.Bytes(), nil
}

// errMade is the kind of a refusal whose reason is nobody's business but the log's.
var errMade = errors.New("the file could not be made")

// maker says what makes the file.
func (v *Provision) maker() string {
	if v.Template != nil {
		return "the template for " + v.Match.text
	}
	return v.Program[0]
}

// made is a file that has been produced.
type made struct{ *bytes.Reader }

func (made) Close() error { return nil }

// limited is a writer that takes so much and no more.
type limited struct {
	w    io.Writer
	left int64
	over bool
}

var errTooLarge = errors.New("too large")

func (l *limited) Write(b []byte) (int, error) {
	if int64(len(b)) > l.left {
		l.over = true
		return 0, errTooLarge
	}
	l.left -= int64(len(b))
	return l.w.Write(b)
}
