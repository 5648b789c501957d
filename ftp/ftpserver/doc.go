// Package ftpserver is an FTP server for any store of files: RFC 959 with the corrections
// of RFC 1123, RFC 2389 (FEAT), RFC 2428 (EPRT, EPSV), RFC 2577 (what not to do), RFC 2640
// (UTF-8, LANG), RFC 3659 (MLSD, MLST, MDTM, SIZE, REST, TVFS), RFC 4217 (TLS), RFC 7151
// (HOST), and of the drafts those of HASH, RANG, MFMT, MFF, AVBL, CSID and mode Z.
// docs/ftp-verbs.md lists all commands.
//
// A [Server] has the shape of that of net/http. A [Backend] says who may log in and
// gives each user an [FS]; the engine holds no rights and no files itself.
//
// It serves file structure alone, in stream mode, or packed in mode Z where that is
// allowed. TYPE A is acknowledged, and still no byte is changed. It never connects to
// anyone but its client, never takes a data connection from anyone else, never shows an
// upload before it is complete, never takes what came in clear before TLS for protected,
// never sends the text of an error to a peer, and never repeats what a peer said without
// need.
package ftpserver
