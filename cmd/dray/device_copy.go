package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"dray/internal/device"
	"dray/internal/device/ios"
	"dray/internal/device/reach"
)

// copyOptions is what `dray device copy` is told.
type copyOptions struct {
	deviceOptions
	size    int64
	md5     string
	like    string
	replace bool
	json    bool
}

func deviceCopy(std stdio) *cobra.Command {
	var o copyOptions
	c := &cobra.Command{
		Use:   "copy HOST FROM TO",
		Short: "Have a device fetch a file from a server, or store one there",
		Long: `Have a device copy a file. One of FROM and TO is a URL, of tftp, ftp or scp, the other a
file of the device, such as flash:image.bin; FROM may also be running-config. The device
itself asks the server, which it has to reach. A password in the URL comes from
DRAY_COPY_PASSWORD.

A file that comes is looked at on the device: it has to be there, of the length that was
copied, and with --md5 or --like the device has to read the same sum. A copy that fails leaves nothing.
What the device runs is never overwritten.`,
		Example: `  dray device copy --inventory lab.yaml R1 tftp://192.0.2.9/new.bin flash:new.bin --md5 416c4db84273af9ed05d36126dec2a7d
  dray device copy --inventory lab.yaml R1 running-config tftp://192.0.2.9/r1.cfg`,
		Args: usageArgs(cobra.ExactArgs(3)),
		RunE: func(c *cobra.Command, args []string) error {
			from, to := withCopyPassword(args[1]), withCopyPassword(args[2])
			if isURL(from) == isURL(to) {
				return &usageError{fmt.Errorf("one of FROM and TO is a URL, the other a file of the device")}
			}
			return o.withDevice(c.Context(), args[0], std, func(ctx context.Context, d *ios.Device, e reach.Entry) error {
				n, err := o.copy(ctx, d, from, to)
				if err != nil {
					return fmt.Errorf("%s: %w", e.Name, err)
				}
				if !o.json {
					_, err = fmt.Fprintf(std.out, "%s: %d octets from %s to %s\n", e.Name, n, placeName(from), placeName(to))
					return err
				}
				return json.NewEncoder(std.out).Encode(struct {
					Device string `json:"device"`
					Octets int64  `json:"octets"`
				}{e.Name, n})
			})
		},
	}
	o.add(c)
	f := c.Flags()
	f.Int64Var(&o.size, "size", 0, "length of the file that comes, in octets, to see that there is room")
	f.StringVar(&o.md5, "md5", "", "MD5 of the file that comes, to compare with what the device reads")
	f.StringVar(&o.like, "like", "", "file here that the one that comes is a copy of: its size and MD5 are taken")
	f.BoolVar(&o.replace, "replace", false, "overwrite a file of the same name")
	f.BoolVar(&o.json, "json", false, "print one JSON object")
	return c
}

func (o copyOptions) copy(ctx context.Context, d *ios.Device, from, to string) (int64, error) {
	if isURL(to) {
		return d.Store(ctx, from, to)
	}
	c := device.Copy{URL: from, To: to, Size: o.size, MD5: o.md5, Replace: o.replace}
	if o.like != "" {
		i, err := readImage(o.like)
		if err != nil {
			return 0, err
		}
		c.Size, c.MD5 = i.Size, i.MD5
	}
	return d.Fetch(ctx, c)
}

// readImage reads a file of this machine.
func readImage(name string) (device.Image, error) {
	f, err := os.Open(name)
	if err != nil {
		return device.Image{}, &localError{cannotRead, err}
	}
	defer f.Close()
	i, err := device.ReadImage(name, f)
	if err != nil {
		return i, &localError{cannotRead, err}
	}
	return i, nil
}

func isURL(s string) bool { return strings.Contains(s, "://") }

// withCopyPassword puts the password of the environment into a URL with a user and none.
func withCopyPassword(s string) string {
	password := os.Getenv("DRAY_COPY_PASSWORD")
	scheme, rest, ok := strings.Cut(s, "://")
	user, host, hasUser := strings.Cut(rest, "@")
	if !ok || !hasUser || password == "" || strings.Contains(user, ":") || strings.Contains(user, "/") {
		return s
	}
	return scheme + "://" + user + ":" + password + "@" + host
}

// placeName is a name, or a URL without user and password.
func placeName(s string) string {
	if isURL(s) {
		return withoutPassword(s)
	}
	return s
}
