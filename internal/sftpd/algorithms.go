package sftpd

import (
	"runtime"
	"slices"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/cpu"
)

// modern is what everybody may use: nothing with SHA-1, CBC, or a curve of NIST's. The
// client's order decides, so that ChaCha20, which comes first with many, is offered only
// where there are no instructions for AES.
func modern() ssh.Algorithms {
	a := ssh.Algorithms{
		KeyExchanges: []string{ssh.KeyExchangeMLKEM768X25519, ssh.KeyExchangeCurve25519, ssh.KeyExchangeDH16SHA512},
		Ciphers:      []string{ssh.CipherAES128GCM, ssh.CipherAES256GCM},
		MACs:         []string{ssh.HMACSHA256ETM, ssh.HMACSHA512ETM, ssh.HMACSHA256}, // the last for libssh2 before 1.11
		HostKeys:     []string{ssh.KeyAlgoED25519, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256},

		PublicKeyAuths: ssh.SupportedAlgorithms().PublicKeyAuths,
	}
	if !hasAES() {
		a.Ciphers = append(a.Ciphers, ssh.CipherChaCha20Poly1305)
	}
	a.Ciphers = append(a.Ciphers, ssh.CipherAES256CTR, ssh.CipherAES192CTR, ssh.CipherAES128CTR)
	return a
}

// legacy adds what devices of Cisco's with IOS 12 to 16 speak, and others of their age.
func legacy() ssh.Algorithms {
	a, supported := modern(), ssh.SupportedAlgorithms()
	a.KeyExchanges = with(a.KeyExchanges, supported.KeyExchanges,
		ssh.InsecureKeyExchangeDHGEXSHA1, ssh.InsecureKeyExchangeDH14SHA1, ssh.InsecureKeyExchangeDH1SHA1)
	a.Ciphers = with(a.Ciphers, supported.Ciphers, ssh.InsecureCipherAES128CBC, ssh.InsecureCipherTripleDESCBC)
	a.MACs = with(a.MACs, supported.MACs, ssh.InsecureHMACSHA196)
	a.HostKeys = append(a.HostKeys, ssh.KeyAlgoECDSA256, ssh.KeyAlgoRSA)
	a.PublicKeyAuths = append(a.PublicKeyAuths, ssh.KeyAlgoRSA)
	return a
}

// with appends what is not in the list yet.
func with(list, more []string, last ...string) []string {
	for _, name := range append(more, last...) {
		if !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

// hasAES reports whether the processor has instructions for AES-GCM.
func hasAES() bool {
	switch runtime.GOARCH {
	case "amd64":
		return cpu.X86.HasAES && cpu.X86.HasPCLMULQDQ
	case "arm64":
		return cpu.ARM64.HasAES && cpu.ARM64.HasPMULL || runtime.GOOS == "darwin"
	case "s390x":
		return cpu.S390X.HasAES && cpu.S390X.HasGHASH
	}
	return false
}

// hostKeys returns the host keys, each restricted to the algorithms that are offered.
func hostKeys(keys []ssh.Signer, allowed []string) []ssh.Signer {
	var all []ssh.Signer
	for _, key := range keys {
		signer, ok := key.(ssh.AlgorithmSigner)
		if !ok {
			continue
		}
		var offered []string
		for _, name := range allowed {
			if signs(key.PublicKey().Type(), name) {
				offered = append(offered, name)
			}
		}
		if limited, err := ssh.NewSignerWithAlgorithms(signer, offered); err == nil {
			all = append(all, limited)
		}
	}
	return all
}

// signs reports whether a key of a type makes signatures by an algorithm.
func signs(keyType, algorithm string) bool {
	if keyType == ssh.KeyAlgoRSA {
		return algorithm == ssh.KeyAlgoRSA || algorithm == ssh.KeyAlgoRSASHA256 || algorithm == ssh.KeyAlgoRSASHA512
	}
	return keyType == algorithm
}
