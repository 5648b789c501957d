package ftp

// Code is the number of a reply (RFC 959, section 4.2). Its first digit says how the
// command fares, see [Code.Kind].
type Code int

// The codes by number and then by reason: a number that is sent for several reasons has
// several names, so that each reason can be searched for.
const (
	CodeOpening Code = 150 // about to open the data connection

	CodeOK            Code = 200
	CodeSuperfluous   Code = 202 // ACCT, ALLO: accepted, not needed here
	CodeStatus        Code = 211
	CodeFeatures      Code = 211
	CodeDirStatus     Code = 212
	CodeFileStatus    Code = 213
	CodeHash          Code = 213
	CodeHelp          Code = 214
	CodeSystem        Code = 215
	CodeReady         Code = 220 // the greeting, also after REIN and HOST
	CodeGoodbye       Code = 221
	CodeDone          Code = 226 // the transfer is complete
	CodeAborted       Code = 226 // answers ABOR itself
	CodePassive       Code = 227
	CodeExtPassive    Code = 229
	CodeLoggedIn      Code = 230
	CodeLoggedInByTLS Code = 232 // RFC 2228: by what was shown in the handshake
	CodeAuthOK        Code = 234
	CodeActionDone    Code = 250
	CodeMD5           Code = 251 // draft-twine-ftpmd5
	CodeCreated       Code = 257 // MKD
	CodeDirectory     Code = 257 // PWD

	CodeNeedPassword Code = 331
	CodePending      Code = 350 // RNFR, REST, RANG: the next command completes it

	CodeUnavailable Code = 421 // the control connection is being closed
	CodeShutdown    Code = 421
	CodeIdle        Code = 421
	CodeTooMany     Code = 421
	CodeNoData      Code = 425 // the data connection did not come about
	CodeDataLost    Code = 426 // it broke, or the transfer was aborted
	CodeTLSNotNow   Code = 431
	CodeBusy        Code = 450
	CodeLocalError  Code = 451
	CodeTooMuch     Code = 451 // LIST -R
	CodeBadStream   Code = 451 // mode Z
	CodeNoSpace     Code = 452

	CodeUnknown        Code = 500 // unknown verb, or no command at all
	CodeTooLong        Code = 500
	CodeBadArgument    Code = 501
	CodeNotImplemented Code = 502
	CodeBadSequence    Code = 503
	CodeBadParameter   Code = 504 // understood, but this value is not served
	CodeBadFamily      Code = 522 // RFC 2428: network protocol not supported
	CodeDataNeedsTLS   Code = 522 // RFC 4217
	CodeNotLoggedIn    Code = 530
	CodeLoginRefused   Code = 530
	CodePolicy         Code = 534
	CodeBadProtection  Code = 536
	CodeNotFound       Code = 550
	CodeForbidden      Code = 550
	CodeNotFile        Code = 550
	CodeNotDir         Code = 550
	CodeExists         Code = 550
	CodeBadOffset      Code = 551 // draft-bryan-ftp-range: beyond the end
	CodeQuota          Code = 552
	CodeNoRoom         Code = 552 // ALLO: it would not fit
	CodeHashRange      Code = 552 // HASH: beyond the end
	CodeHashSize       Code = 552 // HASH: more than the server reads for it
	CodeBadName        Code = 553
	CodeNotHashable    Code = 553
)

// Kind is the first digit of a reply code (RFC 959, section 4.2.1).
type Kind int

// The kinds of reply.
const (
	Preliminary  Kind = 1 // another reply follows
	Completion   Kind = 2 // done
	Intermediate Kind = 3 // another command has to follow
	Transient    Kind = 4 // failed, may work later
	Permanent    Kind = 5 // failed, do not repeat
)

// Kind returns the first digit.
func (c Code) Kind() Kind { return Kind(c / 100) }
