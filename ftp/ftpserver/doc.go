// Package ftpserver is an FTP server for any store of files: RFC 959 with the corrections
// of RFC 1123, RFC 2389 (FEAT), RFC 2428 (EPRT, EPSV), RFC 2577 (what not to do), RFC 2640
// (UTF-8), RFC 3659 (MLSD, MLST, MDTM, SIZE, REST, TVFS). VERBS.md beside it lists all
// commands.
//
// A [Server] has the shape of that of net/http. A [Backend] says who may log in and
// gives each user an [FS]; the engine holds no rights and no files itself.
//
// It serves stream mode and file structure alone. TYPE A is acknowledged, and still no
// byte is changed. It never connects to anyone but its client, never takes a data
// connection from anyone else, never shows an upload before it is complete, never sends
// the text of an error to a peer, and never repeats what a peer said without need.
package ftpserver
