package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"

	"dray/ftp/ftpclient"
	"dray/internal/control"
	"dray/internal/sshclient"
	"dray/tftp"
)

// exitCodes is the part of the help that scripts rely on. The numbers are curl's.
const exitCodes = `Exit codes, curl's where curl has one:
  0   done                                  31  resuming refused
  1   no such scheme, or anything else      35  TLS failed
  2   usage, settings                       55  upload broke off
  3   malformed URL                         56  connection broke off
  6   host not found                        60  certificate not trusted
  7   cannot connect                        60  also: SSH host key not trusted
  8   no sensible answer                    64  the server has no TLS
  9   FTP, SFTP: access denied              67  log-in refused
  10  active mode: server did not come      68  TFTP: file not found
  12  active mode: server did not in time   69  TFTP: access violation
  13  passive mode refused                  70  disk full at the server
  14  passive mode: no address              71  TFTP: illegal operation
  18  partial file                          72  TFTP: unknown transfer ID
  19  download refused                      73  TFTP: file already exists
  21  command refused                       74  TFTP: no such user
  23  cannot write here                     78  FTP, SFTP: no such file
  25  upload refused                        79  SSH failed
  26  cannot read here                      90  key is not that of --pin, --host-key
  28  time-out                              91  audit trail is not as it was written
  30  active mode: refused by the server    130 interrupted`

// urlError is a URL that cannot be used.
type urlError struct {
	code int // 1: no such scheme, 3: malformed
	err  error
}

func (e *urlError) Error() string { return e.err.Error() }
func (e *urlError) Unwrap() error { return e.err }

// exitCode is the number that tells scripts what kind of error ended a command.
func exitCode(err error) int {
	var (
		usage  *usageError
		wrong  *settingsError
		url    *urlError
		local  *localError
		host   *net.DNSError
		fault  ftpclient.Fault
		packet *tftp.Error
		ssh    *transferError
		trail  *trailError
		told   *control.Error
	)
	switch {
	case errors.As(err, &usage), errors.As(err, &wrong):
		return 2
	case errors.As(err, &told) && told.Status == http.StatusUnprocessableEntity:
		return 2
	case errors.As(err, &url):
		return url.code
	case errors.Is(err, context.Canceled):
		return 130
	case errors.As(err, &local):
		return local.code
	case errors.As(err, &host):
		return 6
	case errors.As(err, &fault):
		return ftpExit(fault)
	case errors.As(err, &packet):
		return tftpExit(packet.Code)
	case errors.As(err, &ssh):
		return ssh.code
	case errors.As(err, &trail):
		return 91
	case deviceExit(err) != 0: // which may be because of one of SSH
		return deviceExit(err)
	case sshExit(err) != 0:
		return sshExit(err)
	case errors.Is(err, tftp.ErrGone), errors.Is(err, control.ErrNoServer):
		return 7
	case errors.Is(err, tftp.ErrTimeout), errors.Is(err, os.ErrDeadlineExceeded):
		return 28
	}
	return 1
}

// sshExit is the code of an SSH connection that has not come about, 0 if err is none.
func sshExit(err error) int {
	for _, row := range []struct {
		err  error
		code int
	}{
		{sshclient.ErrConnect, 7},
		{sshclient.ErrHostKeyUnknown, 60},
		{sshclient.ErrHostKeyChanged, 60},
		{sshclient.ErrPin, 90},
		{sshclient.ErrLogin, 67},
		{sshclient.ErrConfig, 2},
		{sshclient.ErrHandshake, 79},
		{sshclient.ErrAlgorithms, 79},
	} {
		if errors.Is(err, row.err) {
			return row.code
		}
	}
	return 0
}

func ftpExit(f ftpclient.Fault) int {
	switch f {
	case ftpclient.ErrConnect:
		return 7
	case ftpclient.ErrUnavailable, ftpclient.ErrProtocol:
		return 8
	case ftpclient.ErrDenied:
		return 9
	case ftpclient.ErrActive:
		return 10
	case ftpclient.ErrActiveWait:
		return 12
	case ftpclient.ErrPassive:
		return 13
	case ftpclient.ErrAddress:
		return 14
	case ftpclient.ErrPartial:
		return 18
	case ftpclient.ErrRetrieve, ftpclient.ErrIsDir:
		return 19
	case ftpclient.ErrCommand:
		return 21
	case ftpclient.ErrWrite:
		return 23
	case ftpclient.ErrStore:
		return 25
	case ftpclient.ErrRead:
		return 26
	case ftpclient.ErrTimeout:
		return 28
	case ftpclient.ErrPort:
		return 30
	case ftpclient.ErrRestart:
		return 31
	case ftpclient.ErrSend:
		return 55
	case ftpclient.ErrReceive, ftpclient.ErrClosed:
		return 56
	case ftpclient.ErrTLS:
		return 35
	case ftpclient.ErrCertificate:
		return 60
	case ftpclient.ErrTLSRefused:
		return 64
	case ftpclient.ErrPin:
		return 90
	case ftpclient.ErrLogin:
		return 67
	case ftpclient.ErrNoSpace:
		return 70
	case ftpclient.ErrNotFound:
		return 78
	}
	return 1
}

func tftpExit(c tftp.Code) int {
	switch c {
	case tftp.CodeNotFound:
		return 68
	case tftp.CodeAccess:
		return 69
	case tftp.CodeDiskFull:
		return 70
	case tftp.CodeIllegal, tftp.CodeUndefined, tftp.CodeOptions:
		return 71
	case tftp.CodeUnknownTID:
		return 72
	case tftp.CodeExists:
		return 73
	case tftp.CodeNoUser:
		return 74
	}
	return 71
}

// hint is a line on what to do about an error, where there is something to do.
func hint(err error) string {
	var cert *ftpclient.CertificateError
	var advised *advisedError
	switch {
	case deviceHint(err) != "":
		return deviceHint(err)
	case errors.As(err, &advised) && advised.advice != "" && !errors.Is(err, context.Canceled):
		return advised.advice + "\n"
	case errors.As(err, &cert) && !errors.Is(err, ftpclient.ErrPin):
		return fmt.Sprintf("To trust this server, see that the key is its own and pass --pin %s\n", ftpclient.PinOf(cert.Certificate))
	case errors.Is(err, ftpclient.ErrLogin):
		return "See the user and the password: ftp://USER@HOST/FILE asks for it, and a URL without a user logs in as a guest\n"
	case errors.Is(err, ftpclient.ErrIsDir):
		return "To see what is in a folder: dray ls URL\n"
	case errors.Is(err, sshclient.ErrHostKeyUnknown):
		return "If the server tells the same fingerprint, pass it with --host-key, or run this at a terminal to be asked once\n"
	case errors.Is(err, sshclient.ErrHostKeyChanged):
		return "If the server really has a new key, remove the old line from known_hosts: ssh-keygen -R HOST\n"
	case errors.Is(err, sshclient.ErrAlgorithms):
		return "Devices before 2018 may need --ssh-legacy\n"
	case errors.Is(err, sshclient.ErrLogin):
		return "A user is named in the URL, sftp://USER@HOST/FILE, a password in DRAY_PASSWORD, a key with --identity\n"
	case errors.As(err, new(tls.RecordHeaderError)):
		return "That port does not begin with TLS: ftpes:// asks for TLS on the port of FTP\n"
	case errors.Is(err, control.ErrNoServer):
		return "Start one with dray serve, or name the state folder of another with --state-dir\n"
	case errors.Is(err, ftpclient.ErrTLSRefused):
		return "The server has no TLS: with ftp:// the password and the files go in clear\n"
	}
	return ""
}
