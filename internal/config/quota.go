package config

// Quota bounds what uploads leave behind, over every protocol.
type Quota struct {
	Bytes     Size // of all files in all folders that are served
	Files     int  // number of those; 0 is no limit
	UserBytes Size // of each user who has no quota of their own
	UserFiles int  // 0 is no limit
	MaxUpload Size // of one file
}

func quotaSettings(q *Quota) []Setting {
	return []Setting{
		{Key: "quota.bytes", Flag: "quota-bytes", Value: &q.Bytes, Default: "off",
			Usage: "how much there may be in the folders that are served for an upload to be taken"},
		{Key: "quota.files", Flag: "quota-files", Value: Count{&q.Files, 1, 1 << 30}, Unset: "no limit",
			Usage: "how many files there may be"},
		{Key: "quota.user-bytes", Flag: "quota-user-bytes", Value: &q.UserBytes, Default: "off",
			Usage: "how much there may be in the root of a user, and what is mounted for that user, unless the user has a quota-bytes of their own"},
		{Key: "quota.user-files", Flag: "quota-user-files", Value: Count{&q.UserFiles, 1, 1 << 30}, Unset: "no limit",
			Usage: "how many files there may be in those"},
		{Key: "quota.max-upload", Flag: "max-upload", Value: &q.MaxUpload, Default: "off",
			Usage: "largest file that is taken"},
	}
}
