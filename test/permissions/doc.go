// Package permissions holds every request of every protocol to every permission: with exactly
// the permissions that it takes it works, and without any one of them it is refused, in the
// words of the protocol, and changes nothing. The requests go over the wire to the real
// servers, whose own tables say which there are: one that is missing here fails the test.
//
// It holds tests only. They print the table in docs/rules.md.
package permissions
