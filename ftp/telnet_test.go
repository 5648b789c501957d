package ftp

import "testing"

func TestTelnetFilter(t *testing.T) {
	tests := []struct{ name, in, text, answer string }{
		{"nothing", "NOOP\r\n", "NOOP\r\n", ""},
		{"interrupt and data mark", "\xff\xf4\xff\xf2ABOR\r\n", "ABOR\r\n", ""},
		{"doubled", "RETR \xff\xff\r\n", "RETR \xff\r\n", ""},
		{"will", "\xff\xfb\x01A", "A", "\xff\xfe\x01"},
		{"do", "\xff\xfd\x03A", "A", "\xff\xfc\x03"},
		{"wont and dont", "\xff\xfc\x01\xff\xfe\x01A", "A", ""},
		{"option 255", "\xff\xfb\xffA", "A", "\xff\xfe\xff"},
		{"subnegotiation", "\xff\xfa\x18\x00x\xff\xff\xff\xf0A", "A", ""},
		{"half", "A\xff", "A", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var whole Telnet
			text, answer := whole.Filter([]byte(tt.in))
			if string(text) != tt.text || string(answer) != tt.answer {
				t.Errorf("whole: %q, %q; want %q, %q", text, answer, tt.text, tt.answer)
			}
			var cut Telnet
			var gotText, gotAnswer []byte
			for _, c := range []byte(tt.in) {
				text, answer := cut.Filter([]byte{c})
				gotText, gotAnswer = append(gotText, text...), append(gotAnswer, answer...)
			}
			if string(gotText) != tt.text || string(gotAnswer) != tt.answer {
				t.Errorf("octet by octet: %q, %q; want %q, %q", gotText, gotAnswer, tt.text, tt.answer)
			}
		})
	}
}
