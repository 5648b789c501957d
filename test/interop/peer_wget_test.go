package interop

import "os/exec"

// wget only fetches. It lists a folder with "LIST -a" and makes a page of it.
func wget() client {
	get := func(e endpoint, remote, local string) *exec.Cmd {
		return exec.Command("wget", "--no-config", "-nv", "-t", "2", "-O", local, e.url(remote))
	}
	return client{
		name: "wget", program: "wget", protocol: "ftp",
		get:     get,
		list:    func(e endpoint, dir string) *exec.Cmd { return get(e, dir+"/", "-") },
		missing: 8,
	}
}
