// Package control is how a person talks to a server that runs: HTTP on a Unix socket in
// the state folder, which only its owner and root can open. A handler takes and gives JSON.
// It knows nothing of what is asked.
//
// One server has a state folder. A lock, which ends with its process, says which.
package control

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
)

const (
	socketName = "control.sock"
	lockName   = "control.lock"
)

// socket is the name of the socket of a state folder.
func socket(dir string) string { return filepath.Join(dir, socketName) }

// ErrNoServer means that no server has the state folder.
var ErrNoServer = errors.New("no server runs with this state folder")

// TakenError says that another server has the state folder.
type TakenError struct {
	Dir string
	PID int // 0 if it is not known
}

func (e *TakenError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("another dray has the state folder %s", e.Dir)
	}
	return fmt.Sprintf("another dray, pid %d, has the state folder %s", e.PID, e.Dir)
}

// Error is an answer that something could not be done.
type Error struct {
	Status int    // of HTTP, such as [http.StatusNotFound]
	Text   string // in words for a person
}

func (e *Error) Error() string { return e.Text }

// Wrong is the Error of a request that cannot be understood.
func Wrong(format string, args ...any) error {
	return &Error{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// Missing is the Error of a request for what is not there.
func Missing(format string, args ...any) error {
	return &Error{http.StatusNotFound, fmt.Sprintf(format, args...)}
}

// failure is an Error as it goes over the socket.
type failure struct {
	Error string `json:"error"`
}
