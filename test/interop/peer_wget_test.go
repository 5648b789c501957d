package interop

import "os/exec"

// wget only fetches. It lists a folder with "LIST -a" and makes a page of it. Its scheme
// "ftps" is for explicit TLS, unless an option says otherwise.
func wget(name string, options ...string) client {
	get := func(e endpoint, remote, local string) *exec.Cmd {
		all := append([]string{"--no-config", "-nv", "-t", "2"}, options...)
		if e.ca != "" {
			all = append(all, "--ca-certificate", e.ca)
			e.protocol = "ftps"
		}
		return exec.Command("wget", append(all, "-O", local, e.url(remote))...)
	}
	return client{
		name: name, program: "wget", protocol: "ftp",
		get:     get,
		list:    func(e endpoint, dir string) *exec.Cmd { return get(e, dir+"/", "-") },
		missing: 8,
	}
}
