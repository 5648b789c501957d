package identity

import (
	"context"
	"fmt"
	"strings"
)

// Guest is the name of all guests.
const Guest = "anonymous"

// Guests admits the users "anonymous" and "ftp", in any case and with any password
// (RFC 1635), as one subject called "anonymous". The zero value is ready.
type Guests struct{}

// Authenticate implements [Authenticator].
func (Guests) Authenticate(_ context.Context, c Credentials) (Subject, error) {
	if !strings.EqualFold(c.User, Guest) && !strings.EqualFold(c.User, "ftp") {
		return Subject{}, fmt.Errorf("%w: there are guests alone, and no users: name them with --user NAME:PASSWORD", ErrRefused)
	}
	return Subject{Name: Guest, Anonymous: true}, nil
}
