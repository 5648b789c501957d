package ftpclient

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"dray/ftp"
)

// Fault is what went wrong, as far as it makes a difference to what a caller does next.
// The errors of this package match one with [errors.Is]; [errors.As] finds it.
type Fault uint8

// The faults. The numbers behind them are the exit codes of curl for the same.
const (
	ErrConnect     Fault = iota + 1 // 7: no control connection
	ErrUnavailable                  // 8: the server closes the connection, 421
	ErrProtocol                     // 8: a reply that is none, or not to the question
	ErrDenied                       // 9: not permitted
	ErrActive                       // 10: the server's data connection did not come
	ErrActiveWait                   // 12: … within the time-out
	ErrPassive                      // 13: EPSV and PASV are refused, or their port is
	ErrAddress                      // 14: no address in the reply to EPSV or PASV
	ErrPartial                      // 18: a download that broke off
	ErrRetrieve                     // 19: a download that the server refuses
	ErrIsDir                        // 19: a download of what is a directory, by Retry
	ErrCommand                      // 21: any other command that the server refuses
	ErrWrite                        // 23: the caller's writer failed
	ErrStore                        // 25: an upload that the server refuses
	ErrRead                         // 26: the caller's reader failed
	ErrTimeout                      // 28: nothing moved for too long
	ErrPort                         // 30: PORT and EPRT are refused
	ErrRestart                      // 31: REST is refused
	ErrTLS                          // 35: no agreement on TLS
	ErrSend                         // 55: an upload that broke off
	ErrReceive                      // 56: the control connection broke
	ErrCertificate                  // 60: a certificate that is not trusted, see CertificateError
	ErrTLSRefused                   // 64: AUTH TLS is refused
	ErrLogin                        // 67: log-in refused
	ErrNoSpace                      // 70: the server's disk is full, or the quota
	ErrNotFound                     // 78: no such file
	ErrPin                          // 90: another key than the pinned one, see CertificateError
	ErrClosed                       // the client has been closed, or an earlier call broke it
)

// Error says the fault in words.
func (f Fault) Error() string {
	switch f {
	case ErrConnect:
		return "cannot connect"
	case ErrUnavailable:
		return "server is closing the connection"
	case ErrProtocol:
		return "not an answer of an FTP server"
	case ErrDenied:
		return "not permitted"
	case ErrActive:
		return "server opened no data connection to here"
	case ErrActiveWait:
		return "server opened no data connection to here in time"
	case ErrPassive:
		return "no data connection to the server"
	case ErrAddress:
		return "server names no port for a data connection"
	case ErrPartial:
		return "download broke off"
	case ErrRetrieve:
		return "download refused"
	case ErrIsDir:
		return "it is a folder, not a file"
	case ErrCommand:
		return "command refused"
	case ErrWrite:
		return "cannot write what is received"
	case ErrStore:
		return "upload refused"
	case ErrRead:
		return "cannot read what is to be sent"
	case ErrTimeout:
		return "time-out"
	case ErrPort:
		return "server refuses to open data connections"
	case ErrRestart:
		return "server cannot resume"
	case ErrTLS:
		return "no agreement on TLS"
	case ErrSend:
		return "upload broke off"
	case ErrReceive:
		return "control connection broke off"
	case ErrCertificate:
		return "certificate is not trusted"
	case ErrTLSRefused:
		return "server has no TLS"
	case ErrLogin:
		return "log-in refused"
	case ErrNoSpace:
		return "no space left on server"
	case ErrNotFound:
		return "no such file"
	case ErrPin:
		return "server has another key than the pinned one"
	case ErrClosed:
		return "connection is closed"
	default:
		return "unknown fault"
	}
}

// OpError is what the methods of [Client] return.
type OpError struct {
	Op    string // the verb, "dial", or "TLS" for its handshake
	Path  string // "" if the verb has none
	Fault Fault
	Err   error // the cause: an [ftp.Error], a network error; may be nil
}

// Error names the operation, the fault and its cause.
func (e *OpError) Error() string {
	s := e.Op
	if e.Path != "" {
		s += fmt.Sprintf(" %q", e.Path)
	}
	s += ": " + e.Fault.Error()
	switch err := e.Err.(type) {
	case nil:
	case *ftp.Error:
		s += ": " + err.Reply.String()
	default:
		s += ": " + err.Error()
	}
	return s
}

// Unwrap returns the fault and the cause.
func (e *OpError) Unwrap() []error { return []error{e.Fault, e.Err} }

// refused makes an error of a reply that is none of success.
func refused(cmd ftp.Command, reply ftp.Reply) *OpError {
	e := &OpError{Op: cmd.Verb, Fault: replyFault(cmd.Verb, reply), Err: &ftp.Error{Command: cmd.Verb, Reply: reply}}
	if cmd.Verb != "USER" && cmd.Verb != "PASS" {
		e.Path = cmd.Arg
	}
	return e
}

// replyFault classifies a reply by its code, and where that has many reasons by the verb.
func replyFault(verb string, reply ftp.Reply) Fault {
	switch code := reply.Code; {
	case code == ftp.CodeUnavailable:
		return ErrUnavailable
	case code.Kind() != ftp.Transient && code.Kind() != ftp.Permanent:
		return ErrProtocol
	case verb == "USER" || verb == "PASS":
		return ErrLogin
	case code == ftp.CodeNotLoggedIn || code == ftp.CodePolicy:
		return ErrDenied
	case code == ftp.CodeNoSpace || code == ftp.CodeQuota:
		return ErrNoSpace
	case code == ftp.CodeNoData:
		return ErrPassive
	case verb == "REST":
		return ErrRestart
	case verb == "STOR" || verb == "APPE":
		return ErrStore
	case code == ftp.CodeNotFound && saysDenied(reply):
		return ErrDenied
	case code == ftp.CodeNotFound && namesFile(verb):
		return ErrNotFound
	case verb == "RETR":
		return ErrRetrieve
	default:
		return ErrCommand
	}
}

// namesFile reports whether the argument of a verb is a file or directory that has to be there.
func namesFile(verb string) bool {
	switch verb {
	case "RETR", "LIST", "NLST", "MLSD", "MLST", "SIZE", "MDTM", "CWD", "DELE", "RMD", "RNFR":
		return true
	}
	return false
}

// saysDenied reports whether the text of a 550 speaks of permission; the code alone does
// not tell.
func saysDenied(reply ftp.Reply) bool {
	text := strings.ToLower(reply.Text())
	for _, word := range []string{"permission", "denied", "not allowed", "not permitted"} {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// broken makes an error of a connection that failed, with the fault to blame unless it
// was a time-out. When the context ended, that is the cause.
func broken(ctx context.Context, op string, fault Fault, err error) error {
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			fault = ErrTimeout
		}
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		fault = ErrTimeout
	case errors.Is(err, ftp.ErrReply):
		fault = ErrProtocol
	}
	return &OpError{Op: op, Fault: fault, Err: err}
}
