// Package interop runs dray against the FTP and TFTP clients and servers that people
// really use, both ways: our server with their clients, our client with their servers.
// It holds tests only. scripts/peers installs the programs; one that is missing fails
// the tests unless SKIP_PEERS=1 says otherwise.
//
// Nothing here has a fixed port or waits for time to pass. Servers get their socket from
// the test, as from inetd(8), or say themselves when they listen; the deadlines only end
// what hangs.
package interop
