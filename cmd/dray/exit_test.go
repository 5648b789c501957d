package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"

	"dray/ftp/ftpclient"
	"dray/tftp"
)

// TestExitCodes: scripts rely on these numbers.
func TestExitCodes(t *testing.T) {
	for want, errs := range map[int][]error{
		1:   {errors.New("anything else"), &urlError{1, errors.New("no such scheme")}},
		2:   {&usageError{errors.New("usage")}},
		3:   {&urlError{3, errors.New("malformed")}},
		6:   {&ftpclient.OpError{Fault: ftpclient.ErrConnect, Err: &net.DNSError{IsNotFound: true}}},
		7:   {ftpclient.ErrConnect, tftp.ErrGone},
		8:   {ftpclient.ErrUnavailable, ftpclient.ErrProtocol},
		9:   {ftpclient.ErrDenied},
		10:  {ftpclient.ErrActive},
		12:  {ftpclient.ErrActiveWait},
		13:  {ftpclient.ErrPassive},
		14:  {ftpclient.ErrAddress},
		18:  {ftpclient.ErrPartial},
		19:  {ftpclient.ErrRetrieve, ftpclient.ErrIsDir},
		21:  {ftpclient.ErrCommand},
		23:  {ftpclient.ErrWrite, &localError{cannotWrite, errors.New("disk")}},
		25:  {ftpclient.ErrStore},
		26:  {ftpclient.ErrRead, &localError{cannotRead, errors.New("disk")}},
		28:  {ftpclient.ErrTimeout, tftp.ErrTimeout},
		30:  {ftpclient.ErrPort},
		31:  {ftpclient.ErrRestart, &localError{cannotResume, errors.New("longer")}},
		35:  {ftpclient.ErrTLS},
		55:  {ftpclient.ErrSend},
		56:  {ftpclient.ErrReceive, ftpclient.ErrClosed},
		60:  {ftpclient.ErrCertificate},
		64:  {ftpclient.ErrTLSRefused},
		67:  {ftpclient.ErrLogin},
		68:  {&tftp.Error{Code: tftp.CodeNotFound}},
		69:  {&tftp.Error{Code: tftp.CodeAccess}},
		70:  {ftpclient.ErrNoSpace, &tftp.Error{Code: tftp.CodeDiskFull}},
		71:  {&tftp.Error{Code: tftp.CodeIllegal}, &tftp.Error{Code: tftp.CodeUndefined}, &tftp.Error{Code: tftp.CodeOptions}},
		72:  {&tftp.Error{Code: tftp.CodeUnknownTID}},
		73:  {&tftp.Error{Code: tftp.CodeExists}},
		74:  {&tftp.Error{Code: tftp.CodeNoUser}},
		78:  {ftpclient.ErrNotFound},
		90:  {ftpclient.ErrPin},
		130: {context.Canceled, &ftpclient.OpError{Fault: ftpclient.ErrReceive, Err: context.Canceled}},
	} {
		for _, err := range errs {
			if got := exitCode(fmt.Errorf("get: %w", err)); got != want {
				t.Errorf("%v: exit code %d; want %d", err, got, want)
			}
		}
	}
}

// TestExitCodesStandInOrder: down the left column, then down the right one.
func TestExitCodesStandInOrder(t *testing.T) {
	const column = 44
	var left, right []int
	for _, line := range strings.Split(exitCodes, "\n")[1:] {
		halves := []string{line}
		if len(line) > column {
			halves = []string{line[:column], line[column:]}
		}
		for i, half := range halves {
			n, err := strconv.Atoi(strings.Fields(half)[0])
			if err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				left = append(left, n)
			} else {
				right = append(right, n)
			}
		}
	}
	if all := append(left, right...); !slices.IsSorted(all) {
		t.Errorf("%d", all)
	}
}
