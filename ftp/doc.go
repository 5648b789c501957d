// Package ftp is the vocabulary of the File Transfer Protocol, for clients and servers
// alike: commands, replies, the addresses of data connections, listings.
//
// It covers the text of RFC 959 with the corrections of RFC 1123, of RFC 2389 (FEAT),
// RFC 2428 (EPRT, EPSV), RFC 3659 (MLST), and the Telnet sequences of RFC 854 that
// arrive on a control connection. The record structure and the block and compressed
// modes of RFC 959 are no part of it, nor is RFC 1639 (LPRT).
//
// It is pure: it opens no socket and no file and reads no clock. Packages ftpserver and
// ftpclient do that.
package ftp
