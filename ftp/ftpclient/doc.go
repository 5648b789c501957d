// Package ftpclient is a client of the File Transfer Protocol: RFC 959, RFC 2389 (FEAT),
// RFC 2428 (EPRT, EPSV), RFC 2640 (UTF8), RFC 3659 (MLST, SIZE, MDTM, REST).
//
// A [Client] is one control connection and at most one transfer at a time. Each method
// takes a context and comes back when the server has answered: there is no state of a
// transfer to be cleaned up later. A context that ends cuts the connection, at once and
// for good. A transfer that is given up for another reason, as when a writer fails, is
// reset, its last reply is read, and the connection lives on.
//
// No wait is without bound, see [Dialer.Timeout], and after a control connection failed
// to answer in time it is never used again: a late reply would answer the wrong command.
//
// An upload that is cut off, be it by a crash of this process, resets its data connection,
// so that the server does not take the part for the whole.
//
// The package never uses the address in a reply to PASV, only its port; it never sends a
// path with a line end; it never retries by itself. Errors carry a [Fault] that says
// what went wrong, and an [ftp.Error] if the server said it.
package ftpclient
