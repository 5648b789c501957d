// Package judges lets programs that know nothing of dray judge it: rclone's own test
// suites, FTP and TFTP libraries that others wrote, and scanners. It holds tests only, and
// is a module of its own, so that the hundreds of modules behind rclone stay out of dray's.
//
// Every FTP judge also judges ProFTPD, so that a verdict is about dray and not about
// the judge; with TLS they judge dray alone. scripts/peers unpacks ProFTPD, scripts/judges
// installs the scanners; where one is missing the tests fail unless SKIP_PEERS=1 says
// otherwise. Nothing here has a fixed port or waits for time to pass:
// dray says itself when it listens, and ProFTPD gets its connections from the test.
//
// "make judges" installs what is missing and runs all. By hand, in this folder:
//
//	go test -timeout 30m ./...   everything; the first time it builds all of rclone, in minutes
//	go test -short ./...         without what takes long: rclone's fs/sync, big TFTP files
package judges
