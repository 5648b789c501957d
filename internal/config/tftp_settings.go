package config

// tftpSettings are the rows of TFTP: who gets what.
func tftpSettings(t *TFTP) []Setting {
	return []Setting{
		{Key: "tftp.port", Flag: "tftp", Value: &t.Port, Unset: "69, or 6969 without the privilege",
			Usage: "TFTP port"},
		{Key: "tftp.single-port", Flag: "tftp-single-port", Value: (*Switch)(&t.SinglePort), Default: "false",
			Usage: "answer TFTP from its one port too, for containers, NAT and load balancers"},
		{Key: "tftp.ports", Flag: "tftp-ports", Value: &t.Ports, Unset: "any free port",
			Usage: "ports from which TFTP answers, for firewalls"},
		{Key: "tftp.public", Flag: "public", Value: (*Switch)(&t.Public), Default: "false",
			Usage: "do not warn of TFTP on a public address"},
		{Key: "tftp.write", Flag: "tftp-write", Value: &t.Write, Unset: "create with --write, else off",
			Usage: "what uploads over TFTP may do: nothing, make files, replace those that there are, both"},
		{Key: "tftp.read-allow", Flag: "tftp-read-allow", Value: (*networks)(&t.ReadAllow), Unset: "every network",
			Usage: "networks that may read; of those that hold a client, here and in tftp.read-deny, the smallest decides"},
		{Key: "tftp.read-deny", Flag: "tftp-read-deny", Value: (*networks)(&t.ReadDeny), Unset: "none",
			Usage: "networks that may not read"},
		{Key: "tftp.write-allow", Flag: "tftp-write-allow", Value: (*networks)(&t.WriteAllow), Unset: "every network",
			Usage: "networks that may write, as far as tftp.write lets anybody"},
		{Key: "tftp.write-deny", Flag: "tftp-write-deny", Value: (*networks)(&t.WriteDeny), Unset: "none",
			Usage: "networks that may not write"},
		{Key: "tftp.upload-folder", Flag: "tftp-upload-folder", Value: (*Text)(&t.UploadFolder), Unset: "everywhere",
			Usage: "where uploads over TFTP may go, within the folder that is served"},
		{Key: "tftp.max-upload", Flag: "tftp-max-upload", Value: &t.MaxUpload, Default: "off",
			Usage: "largest upload over TFTP"},
		{Key: "tftp.quota-bytes", Flag: "tftp-quota-bytes", Value: &t.QuotaBytes, Default: "off",
			Usage: "how much uploads over TFTP may fill the upload folder"},
		{Key: "tftp.quota-files", Flag: "tftp-quota-files", Value: Count{&t.QuotaFiles, 1, 1 << 30}, Unset: "no limit",
			Usage: "how many files uploads over TFTP may leave in the upload folder"},
		{Key: "tftp.dot-files", Value: (*Switch)(&t.DotFiles), Default: "false",
			Usage: "serve names with a dot in front"},
		{Key: "tftp.fold-case", Flag: "tftp-fold-case", Value: (*Switch)(&t.FoldCase), Default: "false",
			Usage: "find files to read in any case, as boot loaders of Windows ask for them"},
		{Key: "tftp.map-file", Flag: "tftp-map-file", Value: (*File)(&t.MapFile), Unset: "none",
			Usage: "rules that change names, in the language of tftpd-hpa; read again at SIGHUP; see dray tftp map-test"},
		{Key: "tftp.client-folders", Value: (*Texts)(&t.ClientFolders), Unset: "the shared folder for all",
			Usage: "the folder that is all that a client sees, such as {{.MAC}}, {{.IP}} or {{.Hostname}}; the first that there is"},
		{Key: "tftp.hosts", Members: membersOf(&t.Hosts, tftpHostSettings), Unset: "none",
			Usage: "names of clients, for client-folders and provision"},
		{Key: "tftp.provision", Members: membersOf(&t.Provision, tftpProvisionSettings), Unset: "none",
			Usage: "what clients get for some names: other files, the output of a template, that of a program"},
		{Key: "tftp.max-programs", Value: Count{&t.MaxPrograms, 1, 4096}, Default: "16",
			Usage: "how many programs may run at once"},
	}
}

// tftpLimits are the rows of TFTP that bound what clients can ask for.
func tftpLimits(t *TFTP) []Setting {
	return []Setting{
		{Key: "tftp.max-blksize", Flag: "tftp-max-blksize", Value: Count{&t.MaxBlockSize, 8, 65464}, Default: "65464",
			Usage: "largest blksize that is granted, in octets; the MTU to the client bounds it too"},
		{Key: "tftp.max-windowsize", Flag: "tftp-max-windowsize", Value: Count{&t.MaxWindowSize, 1, 32767}, Default: "64",
			Usage: "largest windowsize that is granted, in blocks"},
		{Key: "tftp.ignore-mtu", Value: (*Switch)(&t.IgnoreMTU), Default: "false",
			Usage: "grant blocks that travel as fragments"},
		{Key: "tftp.no-options", Value: (*Switch)(&t.NoOptions), Default: "false",
			Usage: "grant no options to anybody"},
		{Key: "tftp.require-options", Value: (*Switch)(&t.RequireOptions), Default: "false",
			Usage: "refuse reads without options, by which forgers can make the server send most"},
		{Key: "tftp.broadcast", Value: (*Switch)(&t.Broadcast), Default: "false",
			Usage: "answer requests to 255.255.255.255, as Cisco AutoInstall sends them"},
		{Key: "tftp.keep-ff", Value: (*Switch)(&t.KeepFF), Default: "false",
			Usage: "keep octets FF at the end of names, which old boot ROMs add"},
		{Key: "tftp.quirks", Members: membersOf(&t.Quirks, tftpQuirkSettings), Unset: "none",
			Usage: "what clients of some networks cannot bear; the smallest network decides"},
		{Key: "tftp.max-transfers", Flag: "tftp-max-transfers", Value: Count{&t.MaxTransfers, 1, 1 << 20}, Default: "4096",
			Usage: "how many transfers may run at once"},
		{Key: "tftp.max-unproven", Value: Count{&t.MaxUnproven, 1, 1 << 20}, Default: "2048",
			Usage: "how many of them may be of clients that have not answered yet"},
		{Key: "tftp.max-per-source", Flag: "tftp-max-per-source", Value: Count{&t.MaxPerSource, 1, 1 << 20}, Default: "64",
			Usage: "how many of them one client may have: an IPv4 address, or an IPv6 network of 64 bits"},
		{Key: "tftp.max-unproven-per-source", Value: Count{&t.MaxUnprovenPerSource, 1, 1 << 20}, Default: "8",
			Usage: "how many that have not been answered yet one client may have"},
	}
}

func tftpHostSettings(h *TFTPHost) []Setting {
	return []Setting{
		{Key: "name", Value: (*Text)(&h.Name), Required: true, Usage: "letters, digits, dots, hyphens and underscores"},
		{Key: "ip", Value: (*ClientIP)(&h.IP), Usage: "the client's address, or"},
		{Key: "mac", Value: (*MAC)(&h.MAC), Usage: "its hardware address, on a network of this machine (Linux)"},
	}
}

func tftpProvisionSettings(p *TFTPProvision) []Setting {
	return []Setting{
		{Key: "match", Value: (*Text)(&p.Match), Required: true, Usage: "the names, such as `network-confg`, `*.cfg` or `{{.MAC}}.cfg`"},
		{Key: "try", Value: (*Texts)(&p.Try), Usage: "the first of these files that there is, or"},
		{Key: "template", Value: (*Block)(&p.Template), Usage: "the output of this template, or"},
		{Key: "template-file", Value: (*File)(&p.TemplateFile), Usage: "the output of the template in this file, read again at SIGHUP, or"},
		{Key: "program", Value: (*Texts)(&p.Program), Usage: "the output of this program: its file and its arguments, without a shell"},
		{Key: "max-size", Value: Count{&p.MaxSize, 1, 1 << 28}, Default: "1048576", Usage: "largest output, in octets"},
		{Key: "timeout", Value: (*Duration)(&p.Timeout), Default: "5s", Usage: "how long the program may run"},
	}
}

func tftpQuirkSettings(q *TFTPQuirk) []Setting {
	return []Setting{
		{Key: "clients", Value: (*Network)(&q.Clients), Required: true, Usage: "the network"},
		{Key: "no-options", Value: (*Switch)(&q.NoOptions), Default: "false", Usage: "grant no options"},
		{Key: "max-blksize", Value: Count{&q.MaxBlockSize, 8, 65464}, Unset: "that of tftp.max-blksize", Usage: "largest blksize, in octets"},
		{Key: "max-windowsize", Value: Count{&q.MaxWindowSize, 1, 32767}, Unset: "that of tftp.max-windowsize", Usage: "largest windowsize, in blocks"},
	}
}
