package secret

import "testing"

func TestSecretsAreThoseOfOthers(t *testing.T) {
	// openssl passwd -1 -salt SALT PASSWORD
	for _, c := range []struct{ password, salt, want string }{
		{"cisco", "mERr", "$1$mERr$hx5rVt7rPNoS4wqbXKX7m0"},
		{"", "abcd", "$1$abcd$CwbBDotm4UoKv5fATTtzT."},
		{"a password of more than sixteen", "ab./", "$1$ab./$.brBcXid3cKmz62lj0lMw."},
	} {
		if got := md5crypt(c.password, c.salt); got != c.want {
			t.Errorf("%q with %s: %s; want %s", c.password, c.salt, got, c.want)
		}
	}
	if got, ok := Reveal("02050D480809"); got != "cisco" || !ok {
		t.Errorf("type 7 hides %q, %v", got, ok)
	}
	for _, s := range []string{"", "0", "zz12", "021"} {
		if _, ok := Reveal(s); ok {
			t.Errorf("%q is no type 7", s)
		}
	}
}

func TestPasswordsOfUsers(t *testing.T) {
	for rest, level := range map[string]int{
		"privilege 15 secret 5 " + New("s"): 15, "secret 5 " + New("s"): 1, "password 0 s": 1,
		"password 7 " + Conceal("s"): 1, "privilege 5 password 0 s": 5,
	} {
		if got, ok := CheckUser(rest, "s"); got != level || !ok {
			t.Errorf("%s: %d, %v", rest, got, ok)
		}
		if _, ok := CheckUser(rest, "S"); ok {
			t.Errorf("%s takes another password", rest)
		}
	}
}
