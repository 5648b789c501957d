package ftpclient

import (
	"context"
	"strings"

	"dray/ftp"
)

// Login says who the caller is, and asks the server what it can do. A user who needs no
// password is never sent one. A server that wants an account besides is not served;
// that is ErrLogin. Another Login after it may try again. On a connection with TLS it
// also has the data connections protected; a server that will not is an error.
func (c *Client) Login(ctx context.Context, user, password string) error {
	cmd := ftp.Command{Verb: "USER", Arg: user}
	end, err := c.begin(ctx, cmd)
	if err != nil {
		return err
	}
	defer end()
	reply, err := c.command(ctx, cmd)
	if err != nil {
		return err
	}
	if reply.Code == ftp.CodeNeedPassword {
		cmd = ftp.Command{Verb: "PASS", Arg: password}
		if reply, err = c.command(ctx, cmd); err != nil {
			return err
		}
	}
	if reply.Code.Kind() != ftp.Completion {
		return &OpError{Op: cmd.Verb, Fault: ErrLogin, Err: &ftp.Error{Command: cmd.Verb, Reply: reply}}
	}
	c.kind = ""
	if c.tls != nil {
		if err := c.protect(ctx); err != nil {
			return err
		}
	}
	return c.learn(ctx)
}

// learn asks for the features, and for UTF-8 where a server wants to be asked (IIS). A
// refusal of either is no failure.
func (c *Client) learn(ctx context.Context) error {
	reply, err := c.command(ctx, ftp.Command{Verb: "FEAT"})
	if err != nil && c.dead != nil {
		return err
	}
	c.features = parseFeatures(reply)
	if _, ok := c.features["UTF8"]; ok {
		if _, err := c.command(ctx, ftp.Command{Verb: "OPTS", Arg: "UTF8 ON"}); err != nil && c.dead != nil {
			return err
		}
	}
	return nil
}

// parseFeatures reads the lines of a reply to FEAT (RFC 2389, section 3.2). The first and
// the last are text.
func parseFeatures(reply ftp.Reply) map[string]string {
	features := make(map[string]string)
	if reply.Code != ftp.CodeFeatures || len(reply.Lines) < 3 {
		return features
	}
	for _, line := range reply.Lines[1 : len(reply.Lines)-1] {
		name, parameters, _ := strings.Cut(strings.TrimSpace(line), " ")
		features[strings.ToUpper(name)] = parameters
	}
	return features
}

// Feature returns the parameters of a feature that the server told of at log-in, such as
// "STREAM" of "REST", and whether it told of it at all.
func (c *Client) Feature(name string) (parameters string, ok bool) {
	parameters, ok = c.features[strings.ToUpper(name)]
	return parameters, ok
}
