package device

import (
	"crypto/md5" // what devices compute; it is no protection
	"encoding/hex"
	"fmt"
	"io"
)

// Image is a file that boots, as it is known outside the device.
type Image struct {
	Name    string
	Size    int64
	MD5     string  // in hexadecimal
	Release Release // as the name says; zero if it does not
}

// ReadImage reads an image whole.
func ReadImage(name string, r io.Reader) (Image, error) {
	h := md5.New()
	n, err := io.Copy(h, r)
	if err != nil {
		return Image{}, fmt.Errorf("%s: %w", name, err)
	}
	i := Image{Name: name, Size: n, MD5: hex.EncodeToString(h.Sum(nil))}
	i.Release, _ = ReleaseOf(name)
	return i, nil
}
