package config

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestMounts(t *testing.T) {
	var l mounts
	for in, want := range map[string]Mount{
		"/images=/srv/images":   {At: "/images", Dir: "/srv/images"},
		"/a/b/=x=y":             {At: "/a/b", Dir: "x=y"},
		"/my/{user}=/h/{user}/": {At: "/my/{user}", Dir: "/h/{user}/"},
	} {
		l.clear()
		if err := l.Set(in); err != nil || l[0] != want {
			t.Errorf("Set(%q) = %v, %+v; want %+v", in, err, l, want)
		}
	}
	for _, in := range []string{"", "/a", "/a=", "=x", "a=x", "/=x", "/a/../b=x", "//a=x", "/a\n=x"} {
		if err := l.Set(in); err == nil {
			t.Errorf("Set(%q) is taken", in)
		}
	}
	twice := Serve{Folders: Folders{Mounts: []Mount{{At: "/a", Dir: "x"}, {At: "/a", Dir: "y"}}}}
	if err := twice.Check(); err == nil || !strings.Contains(err.Error(), "two folders at /a") {
		t.Errorf("Check() = %v", err)
	}
}

func TestBaseIsWhatAllUsersShare(t *testing.T) {
	for dir, want := range map[string]string{"/srv/images": "/srv/images", "/srv/{user}": "/srv", "/srv/a-{user}/in": "/srv"} {
		if got := (Mount{Dir: filepath.FromSlash(dir)}).Base(); got != filepath.FromSlash(want) {
			t.Errorf("the base of %s is %s; want %s", dir, got, want)
		}
	}
}
