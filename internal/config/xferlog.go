package config

// Xferlog is the log of transfers that statistics programs read.
type Xferlog struct {
	File string // "" is none
}

func xferlogSettings(x *Xferlog) []Setting {
	return []Setting{
		{Key: "xferlog.file", Flag: "xferlog", Value: (*File)(&x.File), Unset: "none",
			Usage: "log transfers in this file too, as wu-ftpd, vsftpd and ProFTPD do; it is opened again at SIGHUP"},
	}
}
