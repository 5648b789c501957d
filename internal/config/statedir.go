package config

// FindStateDir returns the state folder that a server with these settings has. It does so
// also if the rest of them is wrong, since that is when somebody wants to ask the server.
func (in *Input) FindStateDir() (string, error) {
	files, err := in.Find()
	if err != nil {
		return "", err
	}
	l := &Loaded{origin: map[string]string{}}
	rows := settings(&l.Serve)
	for _, file := range files {
		_ = l.file(file, rows) // what it says of the state folder is what counts
	}
	for i := range rows {
		if rows[i].Key == "state-dir" {
			if err := l.environment(&rows[i], in.Env); err != nil {
				return "", err
			}
		}
	}
	for _, f := range in.Flags {
		if f.Key == "state-dir" {
			if err := l.flag(f, rows); err != nil {
				return "", err
			}
		}
	}
	if l.StateDir == "" {
		return in.stateDir(), nil
	}
	return l.StateDir, nil
}
