package ftpserver

import (
	"io"
	"net"
	"runtime"
	"testing"

	"dray/ftp"
)

// BenchmarkIdle tells what a session that is logged in and does nothing takes of memory,
// without that of the kernel and of the client.
func BenchmarkIdle(b *testing.B) {
	const sessions = 2000
	for range b.N {
		s := &Server{Backend: newMemory(), MaxConns: sessions}
		addr := serve(b, s, "127.0.0.1:0")
		conns := make([]net.Conn, sessions)
		var buf [512]byte
		before := inUse()
		for i := range conns {
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				b.Fatal(err)
			}
			defer conn.Close()
			conns[i] = conn
			for _, line := range []string{"", "USER alice\r\n", "PASS secret\r\n", "PWD\r\n"} {
				io.WriteString(conn, line)
				if n, err := conn.Read(buf[:]); err != nil || ftp.Code(buf[0]-'0') > 3 {
					b.Fatalf("%q, %v", buf[:n], err)
				}
			}
		}
		after := inUse()
		b.ReportMetric(float64(after.HeapInuse-before.HeapInuse)/sessions, "heap-B/session")
		b.ReportMetric(float64(after.StackInuse-before.StackInuse)/sessions, "stack-B/session")
	}
}

// inUse is what the process holds once the garbage is gone.
func inUse() (m runtime.MemStats) {
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m
}
