package identity

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"dray/internal/identity/password"
)

// Users admits the users of a directory: by their password, with a one-time code where the
// account asks for one, or by what proves them in its place. Whatever keeps somebody out,
// and whether there is such a user or not, the peer gets the same answer after the same
// work; the error says more, for the log.
//
// Where a protocol cannot ask for a one-time code (RFC 6238: six digits, thirty seconds,
// SHA-1), the user writes it behind the password. A key or a certificate needs no code. A
// code is good once, for a minute and a half.
//
// Hashes take memory and time: no more are at work at once than there are processors, and
// others wait. For some minutes, who has been admitted comes in again without one: of the
// password, a digest by a key that is nowhere else is kept.
type Users struct {
	users Directory
	now   func() time.Time
	slots chan struct{} // one for each hash that is at work
	key   []byte        // of the digests

	mu    sync.Mutex
	fresh map[[sha256.Size]byte]time.Time // digests of what was right, and until when they are good
	codes map[string]int64                // the step of the last code that was good, by user
}

const (
	freshFor = 5 * time.Minute
	maxFresh = 4096
)

// NewUsers admits the users of a directory. now is the clock, nil the real one.
func NewUsers(users Directory, now func() time.Time) *Users {
	if now == nil {
		now = time.Now
	}
	u := &Users{
		users: users, now: now, slots: make(chan struct{}, runtime.GOMAXPROCS(0)), key: make([]byte, sha256.Size),
		fresh: make(map[[sha256.Size]byte]time.Time), codes: make(map[string]int64),
	}
	rand.Read(u.key) // never fails
	return u
}

// Authenticate implements [Authenticator].
func (u *Users) Authenticate(ctx context.Context, c Credentials) (Subject, error) {
	a, err := u.users.Lookup(ctx, c.User)
	if err != nil && !errors.Is(err, ErrUnknown) {
		return Subject{}, err
	}
	known := err == nil
	switch {
	case c.Proven == "":
		if a, err = u.compare(ctx, a, c); err != nil {
			return Subject{}, err
		}
	case !known || c.Proven != a.Name:
		return Subject{}, ErrRefused
	default:
		if err := u.leave(&a, c); err != nil {
			return Subject{}, err
		}
	}
	return Subject{Name: a.Name, Groups: a.Groups, Protocol: c.Protocol, Remote: c.Remote.Addr().Unmap()}, nil
}

// compare returns the account if the password is its own, and the code where one is asked
// for. The zero account has no password.
func (u *Users) compare(ctx context.Context, a Account, c Credentials) (Account, error) {
	tries := []Credentials{c}
	if cut, code, ok := codeBehind(c); ok {
		c.Password, c.Code = cut, code
		tries = append(tries, c)
	}
	for i, try := range tries {
		right, err := u.verify(ctx, a.Hash, try.Password)
		switch {
		case err != nil:
			return Account{}, err
		case !right || i > 0 && a.TOTP == "":
			continue
		}
		if err := u.leave(&a, try); err != nil {
			return Account{}, err
		}
		switch {
		case a.TOTP == "":
		case try.Code == "":
			return Account{}, errors.Join(ErrRefused, ErrCode)
		case !u.redeem(a.Name, a.TOTP, try.Code):
			return Account{}, fmt.Errorf("%w: the one-time code is wrong, or was used before", ErrRefused)
		}
		return a, nil
	}
	return Account{}, ErrRefused
}

// leave returns why somebody who is who they say is not admitted all the same.
func (u *Users) leave(a *Account, c Credentials) error {
	err := a.Valid(u.now())
	if err == nil {
		err = a.Admits(c.Protocol, c.Remote.Addr())
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return nil
}

// verify reports whether a password is that of a hash. To say no always takes the time of
// a hash at least.
func (u *Users) verify(ctx context.Context, hash, clear string) (bool, error) {
	cheap := password.Cheap(hash)
	digest := u.digest(hash, clear)
	if cheap && password.Verify(hash, clear) || !cheap && u.isFresh(digest) {
		return true, nil
	}
	select {
	case u.slots <- struct{}{}:
		defer func() { <-u.slots }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	if cheap {
		password.Burn()
		return false, nil
	}
	right := password.Verify(hash, clear)
	if right {
		u.refresh(digest)
	}
	return right, nil
}

// digest stands for a password that was compared with a hash.
func (u *Users) digest(hash, clear string) (sum [sha256.Size]byte) {
	mac := hmac.New(sha256.New, u.key)
	mac.Write([]byte(hash + "\x00" + clear))
	mac.Sum(sum[:0])
	return sum
}

func (u *Users) isFresh(digest [sha256.Size]byte) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	until, ok := u.fresh[digest]
	return ok && u.now().Before(until)
}

func (u *Users) refresh(digest [sha256.Size]byte) {
	u.mu.Lock()
	defer u.mu.Unlock()
	now := u.now()
	if len(u.fresh) >= maxFresh {
		for d, until := range u.fresh {
			if !now.Before(until) || len(u.fresh) >= maxFresh {
				delete(u.fresh, d)
			}
		}
	}
	u.fresh[digest] = now.Add(freshFor)
}
