package ftpserver

import (
	"strings"

	"dray/ftp"
)

// noteClient is the operation of the commands by which a client says what it is.
type noteClient struct {
	says string
	csid bool // wants to know the same of the server
}

func clnt(_ *session, arg string) (op, ftp.Reply) { return noteClient{says: arg}, ftp.Reply{} }

func csid(_ *session, arg string) (op, ftp.Reply) {
	return noteClient{says: arg, csid: true}, ftp.Reply{}
}

func (o noteClient) do(c *Conn) ftp.Reply {
	c.log().Debug("the client says what it is", "client", o.says)
	if !o.csid {
		return reply(ftp.CodeOK, "Noted")
	}
	name := c.srv.Name
	if name == "" {
		name = "dray"
	}
	text := "Name=" + name + ";"
	if c.srv.Version != "" {
		text += "Version=" + c.srv.Version + ";"
	}
	return reply(ftp.CodeOK, text)
}

// lang chooses the language of replies (RFC 2640, section 4.1), of which there is one.
func lang(_ *session, arg string) (op, ftp.Reply) {
	if primary, _, _ := strings.Cut(arg, "-"); primary != "" && !strings.EqualFold(primary, "EN") {
		return nil, reply(ftp.CodeBadParameter, "Replies are in English")
	}
	return nil, reply(ftp.CodeOK, "Replies are in English")
}
