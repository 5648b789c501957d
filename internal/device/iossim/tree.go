package iossim

import (
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"dray/internal/device/iossim/cli"
	"dray/internal/device/iossim/configure"
	"dray/internal/device/iossim/install"
	"dray/internal/device/iossim/keywords"
	"dray/internal/device/iossim/model"
	"dray/internal/device/iossim/place"
)

// grammar is the command line of a model.
type grammar struct {
	exec  *cli.Grammar[execFunc]
	modes map[string]*cli.Grammar[configure.Func]
}

// allGrammars are the command lines, by the name of the model. All devices share them.
var allGrammars = sync.OnceValue(func() map[string]grammar {
	all := make(map[string]grammar)
	for _, m := range model.All() {
		all[m.Name] = grammar{execGrammar(m), configure.Grammars(m)}
	}
	return all
})

func grammars(m model.Model) (*cli.Grammar[execFunc], map[string]*cli.Grammar[configure.Func]) {
	g := allGrammars()[m.Name]
	return g.exec, g.modes
}

// row is a command of EXEC.
type row struct {
	spec  string
	level int
	pipe  bool
	do    execFunc
}

// with fixes an argument of a command.
func with(do execFunc, name, value string) execFunc {
	return func(s *session, a args, w io.Writer) error {
		a[name] = value
		return do(s, a, w)
	}
}

func execGrammar(m model.Model) *cli.Grammar[execFunc] {
	g := &cli.Grammar[execFunc]{Title: "Exec commands:", Prefixes: place.Prefixes(m), Devices: place.Flashes(m), Interfaces: keywords.Interfaces, Help: keywords.Help}
	rows := append(sessionRows(), showRows()...)
	rows = append(rows, fileRows()...)
	if m.XE {
		rows = append(rows, row{"copy <from:FILE> <to:FILE> vrf <vrf:WORD>", 15, false, copyFile})
	}
	switch {
	case m.Install:
		rows = append(rows, installRows()...)
	case m.Switch:
		rows = append(rows, row{"show boot", 15, true, showBoot})
		for _, reload := range []string{"", " /reload"} {
			again := with(downloadSoftware, "reload", strings.TrimSpace(reload))
			rows = append(rows, row{"archive download-sw [/leave-old-sw]" + reload + " <file:FILE>", 15, false, again},
				row{"archive download-sw /overwrite" + reload + " <file:FILE>", 15, false, with(again, "overwrite", "yes")})
		}
	default:
		rows = append(rows, row{"show bootvar", 15, true, showBootvar})
	}
	for _, r := range rows {
		g.Add(cli.Command[execFunc]{Spec: r.spec, Level: r.level, Pipe: r.pipe, Do: r.do})
	}
	return g
}

func sessionRows() []row {
	var rows []row
	for m := time.January; m <= time.December; m++ {
		at := with(reload, "month", m.String())
		rows = append(rows, row{"reload at <time:HH:MM> (<day:1-31> " + m.String() + "|" + m.String() + " <day:1-31>) [<reason:LINE>]", 15, false, at})
	}
	return append(rows, []row{
		{"enable", 0, false, enable},
		{"disable", 1, false, disable},
		{"(exit|logout|quit)", 0, false, logout},
		{"configure", 15, false, with(configureTerminal, "how", "ask")},
		{"configure terminal", 15, false, configureTerminal},
		{"terminal length <lines:0-512>", 1, false, func(s *session, a args, _ io.Writer) error {
			s.Length, _ = strconv.Atoi(a["lines"])
			return nil
		}},
		{"terminal width <columns:0-512>", 1, false, func(s *session, a args, _ io.Writer) error {
			s.Width, _ = strconv.Atoi(a["columns"])
			return nil
		}},
		{"terminal monitor", 15, false, monitoring(true)},
		{"terminal no monitor", 15, false, monitoring(false)},
		{"terminal history size <lines:0-256>", 1, false, func(s *session, a args, _ io.Writer) error {
			s.history.Size, _ = strconv.Atoi(a["lines"])
			return nil
		}},
		{"clear line vty <line:0-15>", 15, false, clearLine},
		{"clock set <time:WORD> <day:1-31> <month:WORD> <year:1993-2035>", 15, false, clockSetCommand},
		{"reload [<reason:LINE>]", 15, false, reload},
		{"reload in (<time:HH:MM>|<minutes:1-999>) [<reason:LINE>]", 15, false, with(reload, "how", "in")},
		{"reload at <time:HH:MM> [<reason:LINE>]", 15, false, reload},
		{"reload cancel", 15, false, reloadCancel},
		{"archive config", 15, false, archiveConfig},
		{"ping [ip] <host:WORD>", 1, false, ping},
		{"undebug all", 15, false, func(s *session, _ args, _ io.Writer) error {
			s.Print("All possible debugging has been turned off\n")
			return nil
		}},
	}...)
}

func monitoring(on bool) execFunc {
	return func(s *session, _ args, _ io.Writer) error {
		s.monitor.Store(on)
		return nil
	}
}

func showRows() []row {
	return []row{
		{"show version", 1, true, showVersion},
		{"show clock", 1, true, showClock},
		{"show users", 1, true, showUsers},
		{"show history", 1, true, showHistory},
		{"show inventory", 1, true, showInventory},
		{"show privilege", 1, true, showPrivilege},
		{"show terminal", 1, true, showTerminal},
		{"show ip interface brief", 1, true, showInterfaces},
		{"show logging", 1, true, showLogging},
		{"show reload", 1, true, showReload},
		{"show tcp brief", 1, true, showTCP},
		{"show archive", 15, true, showArchive},
		{"show file systems", 15, true, showFileSystems},
		{"show running-config", 15, true, showRunning},
		{"show running-config interface <name:INTERFACE>", 15, true, showRunning},
		{"show startup-config", 15, true, showStartup},
	}
}

func fileRows() []row {
	return []row{
		{"dir [<file:FILE>]", 15, true, dir},
		{"dir /all [<file:FILE>]", 15, true, with(dir, "all", "yes")},
		{"dir /recursive [<file:FILE>]", 15, true, with(dir, "recursive", "yes")},
		{"cd [<file:FILE>]", 15, false, changeDir},
		{"pwd", 15, true, printDir},
		{"mkdir <file:FILE>", 15, false, makeDir},
		{"rmdir <file:FILE>", 15, false, removeDir},
		{"rename <from:FILE> <to:FILE>", 15, false, rename},
		{"show <file:DEVICE>", 1, true, showFlash},
		{"more <file:FILE>", 15, true, moreFile},
		{"delete <file:FILE>", 15, false, deleteFile},
		{"delete /force <file:FILE>", 15, false, with(deleteFile, "force", "yes")},
		{"delete /recursive <file:FILE>", 15, false, with(deleteFile, "recursive", "yes")},
		{"delete (/force /recursive|/recursive /force) <file:FILE>", 15, false, with(with(deleteFile, "recursive", "yes"), "force", "yes")},
		{"squeeze <file:FILE>", 15, false, squeeze},
		{"erase <file:FILE>", 15, false, eraseCommand},
		{"erase startup-config", 15, false, with(eraseCommand, "file", "nvram:")},
		{"verify <file:FILE>", 15, false, verify},
		{"verify /md5 <file:FILE> [<sum:WORD>]", 15, false, with(verify, "hash", "/md5")},
		{"verify /sha512 <file:FILE> [<sum:WORD>]", 15, false, with(verify, "hash", "/sha512")},
		{"write [memory]", 15, false, writeMemory},
		{"write erase", 15, false, with(eraseCommand, "file", "nvram:")},
		{"write terminal", 15, true, showRunning},
		{"copy <from:FILE> <to:FILE>", 15, false, copyFile},
		{"copy <from:FILE> running-config", 15, false, with(copyFile, "to", "running-config")},
		{"copy <from:FILE> startup-config", 15, false, with(copyFile, "to", "startup-config")},
		{"copy running-config <to:FILE>", 15, false, with(copyFile, "from", "running-config")},
		{"copy startup-config <to:FILE>", 15, false, with(copyFile, "from", "startup-config")},
		{"copy running-config startup-config", 15, false, with(with(copyFile, "from", "running-config"), "to", "startup-config")},
		{"copy startup-config running-config", 15, false, with(with(copyFile, "from", "startup-config"), "to", "running-config")},
	}
}

func installRows() []row {
	add, activate := install.Options{Add: true}, install.Options{Activate: true}
	both := install.Options{Add: true, Activate: true}
	all := install.Options{Add: true, Activate: true, Commit: true}
	quiet := func(o install.Options) install.Options {
		o.Quiet = true
		return o
	}
	return []row{
		{"install add file <file:FILE>", 15, false, installing(add)},
		{"install add file <file:FILE> activate", 15, false, installing(both)},
		{"install add file <file:FILE> activate commit", 15, false, installing(all)},
		{"install add file <file:FILE> activate commit prompt-level none", 15, false, installing(quiet(all))},
		{"install activate", 15, false, installing(activate)},
		{"install activate auto-abort-timer <minutes:30-1200>", 15, false, installing(activate)},
		{"install activate prompt-level none", 15, false, installing(quiet(activate))},
		{"install commit", 15, false, installing(install.Options{Commit: true})},
		{"install (abort|rollback to committed)", 15, false, func(s *session, _ args, _ io.Writer) error { return s.installer().Rollback() }},
		{"install auto-abort-timer stop", 15, false, func(s *session, _ args, _ io.Writer) error { return s.installer().StopTimer() }},
		{"install remove inactive", 15, false, func(s *session, _ args, _ io.Writer) error { return s.installer().RemoveInactive() }},
		{"show install summary", 15, true, showInstall},
		{"show boot", 15, true, showBoot},
		{"show bootvar", 15, true, showBoot},
		{"show switch", 1, true, showSwitch},
	}
}
