package config

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestUserInFile reads every setting of a user.
func TestUserInFile(t *testing.T) {
	text := `users:
  - name: amy
    password-hash: $6$x$y
    keys: ssh-ed25519 AAAA
    totp: GEZDGNBV
    groups: [lab, ops, lab]
    disabled: true
    expires: 2027-01-31T18:00:00Z
    protocols: [ftps, sftp]
    networks: 192.0.2.0/24
    dir: /srv/amy
    home: /home/amy/
    mounts: ["/images=/srv/images,ro", "/logs/=/var/log/{user}"]
    quota-bytes: 1G
    quota-files: 100
    upload-rate: 1M
    download-rate: off
    max-sessions: 4
`
	var s Serve
	d := &decoder{file: "dray.yaml", said: map[string]int{}}
	if err := d.decode([]byte(text), settings(&s)); err != nil {
		t.Fatal(err)
	}
	u := s.Users[0]
	for i, v := 0, reflect.ValueOf(u); i < v.NumField(); i++ {
		if name := v.Type().Field(i).Name; v.Field(i).IsZero() && name != "Password" {
			t.Errorf("%s is not set", name)
		}
	}
	if !reflect.DeepEqual(u.Groups, []string{"lab", "ops"}) || u.Home != "/home/amy" || u.DownloadRate != Unlimited ||
		!reflect.DeepEqual(u.Mounts, []Mount{{"/images", "/srv/images", true}, {"/logs", "/var/log/{user}", false}}) {
		t.Errorf("groups %v, home %s, mounts %+v", u.Groups, u.Home, u.Mounts)
	}
	if got := strings.Join(u.Folders(), " "); got != "/srv/amy /srv/images /var/log" {
		t.Error(got)
	}
}

func TestCheckUsers(t *testing.T) {
	for want, users := range map[string][]User{
		"twice":              {{Name: "a", Password: "x"}, {Name: "a", Hash: "y"}},
		"one is too many":    {{Name: "a", Password: "x", Hash: "y"}},
		"and without keys":   {{Name: "a"}},
		"which they go with": {{Name: "a", Keys: []string{"k"}, TOTP: "GEZDGNBV"}},
	} {
		if err := (&Serve{Users: users}).Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
}

// TestApply: flags change what they name, an empty value takes it back.
func TestApply(t *testing.T) {
	u := User{Name: "amy", Groups: []string{"old"}, MaxSessions: 3, QuotaBytes: 5, Expires: time.Unix(1, 0), Home: "/x", Dir: "/keep"}
	flags := UserFlags()
	for flag, values := range map[string][]string{
		"group": {"lab", "ops"}, "max-sessions": {""}, "quota-bytes": {""}, "expires": {""}, "home": {""}, "mount": {"", "/a=/b"},
	} {
		for _, f := range flags {
			for _, v := range values {
				if f.Flag == flag {
					if err := f.Set(v); err != nil {
						t.Error(err)
					}
				}
			}
		}
	}
	if err := u.Apply(flags); err != nil {
		t.Fatal(err)
	}
	want := User{Name: "amy", Groups: []string{"lab", "ops"}, Mounts: []Mount{{"/a", "/b", false}}, Dir: "/keep"}
	if !reflect.DeepEqual(u, want) {
		t.Errorf("%#v", []any{u.Groups, u.MaxSessions, u.QuotaBytes, u.Expires, u.Home, u.Mounts, u.Dir})
	}
}
