package password

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// argon2id is a hash of that kind.
type argon2id struct {
	memory    uint32 // KiB
	passes    uint32
	lanes     uint8
	salt, key []byte
}

// usual is what Hash makes: the smallest that OWASP's cheat sheet on the storage of
// passwords recommends, since logs-in come in crowds and the memory is taken for each.
func usual() argon2id { return argon2id{memory: 19 << 10, passes: 2, lanes: 1} }

// parseArgon2 takes v=19$m=19456,t=2,p=1$SALT$KEY.
func parseArgon2(rest string) (a argon2id, err error) {
	parts := strings.Split(rest, "$")
	if len(parts) != 4 || parts[0] != "v=19" {
		return a, errForm
	}
	costs := strings.Split(parts[1], ",")
	if len(costs) != 3 {
		return a, errForm
	}
	var values [3]int
	for i, bound := range [...]struct {
		name string
		most int
	}{{"m=", 256 << 10}, {"t=", 64}, {"p=", 64}} {
		text, ok := strings.CutPrefix(costs[i], bound.name)
		if !ok {
			return a, errForm
		}
		if values[i], err = number(text, 1, bound.most); err != nil {
			return a, err
		}
	}
	a.memory, a.passes, a.lanes = uint32(values[0]), uint32(values[1]), uint8(values[2])
	salt, errSalt := decode(parts[2])
	key, errKey := decode(parts[3])
	if errSalt != nil || errKey != nil || len(salt) < 8 || len(salt) > 64 || len(key) < 16 || len(key) > 64 {
		return a, errForm
	}
	a.salt, a.key = salt, key
	return a, nil
}

// sum is the key that the password gives.
func (a argon2id) sum(clear string) []byte {
	return argon2.IDKey([]byte(clear), a.salt, a.passes, a.memory, a.lanes, uint32(len(a.key)))
}

func (a argon2id) same(clear string) bool { return equal(string(a.sum(clear)), string(a.key)) }

// String is the PHC string.
func (a argon2id) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, a.memory, a.passes, a.lanes, encode(a.salt), encode(a.key))
}

// number is a number within bounds.
func number(text string, least, most int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most || strconv.Itoa(n) != text {
		return 0, errForm
	}
	return n, nil
}
