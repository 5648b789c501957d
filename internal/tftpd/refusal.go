package tftpd

// Refusal is why a request is not served, for the log: what a person would have to change
// so that it is. The client learns the code alone, or what Err says if that is a
// [*tftp.Error].
type Refusal struct {
	Why    string // such as "192.0.2.7 is in no network of tftp.write-allow"
	Remedy string // such as "add it there"; "" if there is none
	Err    error  // the kind, such as fs.ErrPermission
}

func (r *Refusal) Error() string {
	if r.Remedy == "" {
		return r.Why
	}
	return r.Why + ": " + r.Remedy
}

// Unwrap returns the kind.
func (r *Refusal) Unwrap() error { return r.Err }
