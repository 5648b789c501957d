package daemon

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"dray/internal/config"
	"dray/internal/control"
)

// handle says what can be asked of the running server.
func (d *Daemon) handle(srv *control.Server) {
	srv.Handle("GET /endpoints", func(*http.Request) (any, error) { return d.endpoints, nil })
	d.handleDoor(srv)
	srv.Handle("POST /reload", func(*http.Request) (any, error) {
		said, err := d.Reread()
		if err != nil {
			err = &control.Error{Status: http.StatusUnprocessableEntity, Text: err.Error()}
		}
		return said, err
	})
}

// addControl opens the socket through which `dray session` and its like reach the server.
// That there is none is no reason not to serve files.
func (d *Daemon) addControl(cfg config.Serve, log *slog.Logger) error {
	if cfg.StateDir == "" {
		return nil
	}
	srv, err := openControl(cfg)
	if err != nil {
		log.Warn("dray ban, dray session and dray reload cannot reach this server", "error", err, "setting", "state-dir")
		return nil
	}
	d.handle(srv)
	d.addBook(cfg.StateDir, log)
	d.servers = append(d.servers, server{
		serve:    func() error { return closedHTTP(srv.Serve()) },
		shutdown: func(context.Context) error { return nil }, // it tells what the others wait for
		close:    srv.Close,
	})
	return nil
}

func openControl(cfg config.Serve) (*control.Server, error) {
	if cfg.ServesState() {
		return nil, errors.New("the state folder lies in a folder that is served")
	}
	return control.Listen(cfg.StateDir)
}

// closedHTTP forgives that the server was closed.
func closedHTTP(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
