package config

// Rates bound how fast content moves, in octets a second.
type Rates struct {
	Upload, Download               Size // of all sessions together
	UserUpload, UserDownload       Size // of all sessions of a user who has no rate of their own
	SessionUpload, SessionDownload Size // of each session; over TFTP of each transfer
}

func rateSettings(r *Rates) []Setting {
	return []Setting{
		{Key: "rates.upload", Flag: "upload-rate", Value: &r.Upload, Default: "off",
			Usage: "octets a second to the server, in all sessions together"},
		{Key: "rates.download", Flag: "download-rate", Value: &r.Download, Default: "off",
			Usage: "octets a second from the server, in all sessions together"},
		{Key: "rates.user-upload", Flag: "user-upload-rate", Value: &r.UserUpload, Default: "off",
			Usage: "octets a second to the server, in all sessions of a user together, unless the user has an upload-rate of their own"},
		{Key: "rates.user-download", Flag: "user-download-rate", Value: &r.UserDownload, Default: "off",
			Usage: "octets a second from the server, in all sessions of a user together"},
		{Key: "rates.session-upload", Flag: "session-upload-rate", Value: &r.SessionUpload, Default: "off",
			Usage: "octets a second to the server, in each session, over TFTP in each transfer"},
		{Key: "rates.session-download", Flag: "session-download-rate", Value: &r.SessionDownload, Default: "off",
			Usage: "octets a second from the server, in each session"},
	}
}
