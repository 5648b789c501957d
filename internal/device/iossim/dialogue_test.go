package iossim

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dray/internal/device/iossim/flash"
)

// dialogues are what real devices were seen to print, line by line, with the names and
// numbers of the test in them. Each is typed at a device of its own; then keys "~" let time
// go by, "!old" is to be there before.
var dialogues = []struct {
	name, model string
	keys        []string
	want        []string // each is in what is shown, as it stands
}{
	{"log in", "2911 vty", []string{"amy\r", "wrong\r"}, []string{"User Access Verification\n\nUsername: amy\nPassword: \n", "% Login invalid\n\nUsername: "}},
	{"enable has three tries", "2911 console", []string{"\r", "enable\r", "a\r", "b\r", "c\r"},
		[]string{"R1>enable\nPassword: \nPassword: \nPassword: \n% Bad secrets\n\nR1>"}},
	{"configure", "2911", []string{"configure terminal\r", "\x1a"}, []string{"Enter configuration commands, one per line.  End with CNTL/Z.\nR1(config)#^Z\nR1#"}},
	{"host name is cut", "2911", []string{"conf t\r", "hostname ABCDEFGHIJKLMNOPQRSTUVWXYZ\r"}, []string{"ABCDEFGHIJKLMNOPQRST(config)#"}},

	{"marker", "2911", []string{"conf t\r", "logging 0255.255.1\r"}, []string{"R1(config)#logging 0255.255.1\n                   ^\n% Invalid input detected at '^' marker.\n\nR1(config)#"}},
	{"incomplete", "2911", []string{"conf t\r", "logging\r"}, []string{"R1(config)#logging\n% Incomplete command.\n\nR1(config)#"}},
	{"ambiguous", "2911", []string{"conf t\r", "a\r"}, []string{"R1(config)#a\n% Ambiguous command:  \"a\"\nR1(config)#"}},
	{"ambiguous in the middle", "2911", []string{"show i\r"}, []string{"R1#show i\n% Ambiguous command:  \"show i\"\nR1#"}},
	{"marker after letters that fit", "4331", []string{"copy running-config fx:x\r"}, []string{"R1#copy running-config fx:x\n                        ^\n% Invalid"}},
	{"unknown word", "2911 console", []string{"\r", "reload\r"}, []string{"R1>reload\nTranslating \"reload\"\n% Unknown command or computer name, or unable to find computer address\nR1>"}},
	{"words", "2911", []string{"c?"}, []string{"R1#c?\ncd  clear  clock  configure  copy  \n\nR1#c"}},
	{"another line is cleared", "2911", []string{"clear line vty 0\r", "n", "clear line vty 4\r", "\r"}, []string{"R1#clear line vty 4\n[confirm]\n [OK]\nR1#"}},
	{"help", "2911", []string{"configure ?"}, []string{"R1#configure ?\n  terminal  Configure from the terminal\n  <cr>\n\nR1#configure "}},
	{"help on nothing", "2911", []string{"conf t\r", "?"}, []string{"R1(config)#?\nConfigure commands:\n"}},
	{"ping", "2911", []string{"ping 192.0.2.9\r", "ping 192.0.2.77\r", "~", "ping nowhere\r"}, []string{
		"R1#ping 192.0.2.9\nType escape sequence to abort.\nSending 5, 100-byte ICMP Echos to 192.0.2.9, timeout is 2 seconds:\n!!!!!\nSuccess rate is 100 percent (5/5), round-trip min/avg/max = 1/1/1 ms\nR1#",
		"\n.....\nSuccess rate is 0 percent (0/5)\nR1#", "% Unrecognized host or address, or protocol not running.\n"}},
	{"an address of the startup-config, and another", "2911", []string{"conf t\r", "int g0/1\r", "ip address 10.1.1.1 255.255.255.0\r", "do show ip interface brief\r"}, []string{
		"GigabitEthernet0/0         192.0.2.1       YES NVRAM  up  ", "GigabitEthernet0/1         10.1.1.1        YES manual "}},
	{"pages", "2911", []string{"show version\r", "show running-config\r", "q"}, []string{" --More-- "}},

	{"copy", "2911 disk", []string{"copy tftp: flash:\r", "192.0.2.9\r", "new.bin\r", "\r"}, []string{
		"R1#copy tftp: flash:\nAddress or name of remote host []? 192.0.2.9\nSource filename []? new.bin\nDestination filename [new.bin]? \nAccessing tftp://192.0.2.9/new.bin...\nLoading new.bin from 192.0.2.9 (via GigabitEthernet0/0): !",
		"\n[OK - 3000000 bytes]\n\n3000000 bytes copied in ", " bytes/sec)\nR1#"}},
	{"absolute path", "2911 disk", []string{"copy tftp: flash:\r", "192.0.2.9\r", "/deep/new.bin\r", "\r"}, []string{"Destination filename [new.bin]? \nAccessing tftp://192.0.2.9//deep/new.bin..."}},
	{"copy by a VRF", "4331 disk", []string{"copy tftp://192.0.2.9/foreign.bin bootflash: vrf Mgmt-intf\r", "\r"}, []string{"1000000 bytes copied in "}},
	{"overwrite", "2911 disk", []string{"copy tftp://192.0.2.9/new.bin flash:\r", "\r", "copy tftp://192.0.2.9/new.bin flash:\r", "\r"}, []string{
		"%Warning:There is a file already existing with this name \nDo you want to over write? [confirm]"}},
	{"erase", "2911", []string{"copy tftp://192.0.2.9/new.bin flash:\r", "\r", "\r", "\r", "~"}, []string{
		"Erase flash: before copying? [confirm]\nErasing the flash filesystem will remove all files! Continue? [confirm]\nErasing device... e", "e ...erased\nErase of flash: complete\n",
		"bytes]\n\nVerifying checksum...  OK (0x"}},
	{"erase after overwrite, both refused", "2911", []string{"copy tftp://192.0.2.9/new.bin flash:\r", "\r", "n"}, []string{"Erase flash: before copying? [confirm]\nAccessing"}},
	{"a wrong destination offers to erase", "2911", []string{"copy run start-config\r", "\r"}, []string{"Destination filename [start-config]? \nErase flash0: before copying? [confirm]"}},
	{"wrong platform", "2911 disk", []string{"copy tftp://192.0.2.9/foreign.bin flash:\r", "\r"}, []string{"%Warning: File not a valid executable for this system\nAbort Copy? [confirm]"}},
	{"upload", "2911 disk", []string{"copy running-config tftp:\r", "192.0.2.9\r", "\r"}, []string{"Destination filename [r1-confg]? \n!!\n", " bytes copied in "}},
	{"upload that nobody answers", "2911 disk", []string{"copy running-config tftp://192.0.2.77/RT01.cfg\r", "\r", "~"}, []string{"\n.\n%Error opening tftp://192.0.2.77/RT01.cfg (Timed out)\nR1#"}},
	{"missing file", "2911 disk", []string{"copy tftp://192.0.2.9/x flash:\r", "\r"}, []string{"%Error opening tftp://192.0.2.9/x (No such file or directory)\nR1#"}},
	{"no host", "2911 disk", []string{"copy tftp: flash:\r", "\r"}, []string{"?Host name or address not specified\n%Error parsing filename (Bad address)\nR1#"}},
	{"no space", "2911 disk small", []string{"copy ftp://bob:geheim@192.0.2.9/new.bin flash:\r", "\r"}, []string{
		"%Error copying ftp://*:*@192.0.2.9/new.bin (Not enough space on device)\n", " bytes available ("}},
	{"FTP", "2911 disk", []string{"conf t\r", "ip ftp username bob\r", "ip ftp password geheim\r", "end\r", "copy ftp://192.0.2.9:2121/new.bin flash:\r", "\r"}, []string{
		"Accessing ftp://192.0.2.9:2121/new.bin...\n", "[OK - 3000000/4096 bytes]\n\n3000000 bytes copied in "}},
	{"FTP upload", "2911 disk", []string{"copy run ftp://bob:geheim@192.0.2.9/RT01-ftp1.cfg\r", "\r"}, []string{"\nWriting RT01-ftp1.cfg !"}},
	{"FTP upload without a user", "2911 disk", []string{"copy run ftp://192.0.2.9/R1-conf\r", "\r"}, []string{"Writing R1-conf \n%Error opening ftp://192.0.2.9/R1-conf (Incorrect Login/Password)\nR1#"}},
	{"SCP upload", "2911 disk", []string{"copy flash:c2900-universalk9-mz.SPA.151-4.M4.bin scp:\r", "192.0.2.9\r", "\r", "x\r", "pw\r"}, []string{
		"Destination username [amy]? \nDestination filename [c2900-universalk9-mz.SPA.151-4.M4.bin]? x\nPassword: \n", " Sending file modes: C0644 10000000 x\n!"}},
	{"SCP download", "2911 disk", []string{"copy scp: flash:\r", "192.0.2.9\r", "navin\r", "new.bin\r", "\r", "pw\r"}, []string{
		"Source username [amy]? navin\nSource filename []? new.bin\nDestination filename [new.bin]? \nPassword: \n", "3000000 bytes copied in "}},

	{"save", "2911", []string{"write memory\r"}, []string{"R1#write memory\nBuilding configuration...\n[OK]\nR1#"}},
	{"save by copy", "2911", []string{"copy running-config startup-config\r", "\r"}, []string{"Destination filename [startup-config]? \nBuilding configuration...\n[OK]\nR1#"}},
	{"delete", "2960", []string{"delete flash:/c2960-lanbasek9-mz.150-2.SE4.bin\r", "\r", "\r"}, []string{
		"Delete filename [c2960-lanbasek9-mz.150-2.SE4.bin]? \nDelete flash:/c2960-lanbasek9-mz.150-2.SE4.bin? [confirm]\nR1#"}},
	{"delete what is not there", "2960", []string{"delete /force flash:config.text\r"}, []string{"%Error deleting flash:config.text (No such file or directory)\nR1#"}},
	{"md5", "2960 disk", []string{"verify /md5 flash:c2960-lanbasek9-mz.150-2.SE4.bin\r"}, []string{"..Done!\nverify /md5 (flash:c2960-lanbasek9-mz.150-2.SE4.bin) = "}},
	{"md5 with a sum", "4331 disk", []string{"verify /md5 bootflash:isr4300-universalk9.16.09.04.SPA.bin 00\r"}, []string{
		"%Error verifying bootflash:isr4300-universalk9.16.09.04.SPA.bin\nComputed signature  = ", "\nSubmitted signature = 00\n"}},
	{"the image's own sum", "2911 disk", []string{"verify flash:c2900-universalk9-mz.SPA.151-4.M4.bin\r"}, []string{"\nEmbedded Hash   MD5 : ", "\nComputed Hash   MD5 : ", "\nEmbedded hash verification successful.\n"}},
	{"the image's signature", "4331 disk", []string{"verify bootflash:isr4300-universalk9.16.09.04.SPA.bin\r"}, []string{"Digital signature successfully verified in file bootflash:isr4300-universalk9.16.09.04.SPA.bin\n"}},
	{"missing in dir", "2960", []string{"dir usbflash0\r"}, []string{"%Error opening flash:/usbflash0 (No such file or directory)\n"}},
	{"empty dir", "2960", []string{"delete /force c2960-lanbasek9-mz.150-2.SE4.bin\r", "dir\r"}, []string{"Directory of flash:/\n\nNo files in directory\n\n"}},

	{"reload", "9300", []string{"conf t\r", "ip domain name x\r", "end\r", "reload\r", "\r", "no\r"}, []string{
		"R1#reload\n\nSystem configuration has been modified. Save? [yes/no]: \n% Please answer 'yes' or 'no'.\n\nSystem configuration has been modified. Save? [yes/no]: no\n" +
			"Reload command is being issued on Active unit, this will reload the whole stack\nProceed with reload? [confirm]"}},
	{"reload in", "2911 console", []string{"\r", "enable\r", "enable\r", "reload in 10\r", "\r", "show reload\r"}, []string{
		"R1#reload in 10\nReload scheduled in 10 minutes by console\nReload reason: Reload Command\nProceed with reload? [confirm]", "R1#show reload\nReload scheduled in 10 minutes by console\n"}},
	{"reload in, by the clock", "2911", []string{"clock set 10:00:00 1 feb 2003\r", "reload in 20\r"}, []string{"Reload scheduled for 10:20:00 UTC Sat Feb 1 2003 (in 20 minutes) by amy on vty0 (192.0.2.8)\n"}},
	{"reload at a date", "2911", []string{"clock set 10:00:00 1 feb 2003\r", "reload at 9:30 3 feb\r", "\r", "show reload\r"}, []string{"Reload scheduled for 09:30:00 UTC Mon Feb 3 2003 (in 47 hours and 30 minutes) by amy"}},
	{"reload cancel", "2911", []string{"reload in 10\r", "\r", "reload cancel\r"}, []string{"R1#reload cancel\n\n\n***\n*** --- SHUTDOWN ABORTED ---\n***\nR1#"}},
	{"no reload", "2911", []string{"show reload\r"}, []string{"No reload is scheduled.\n"}},
	{"a log message in a question", "2911 log", []string{"reload\r"}, []string{"Proceed with reload? [confirm]\n*", "changed state to up\n[confirm]"}},
	{"another version's configuration", "2911 other", []string{"write memory\r"}, []string{
		"Warning: Attempting to overwrite an NVRAM configuration previously written\nby a different version of the system image.\nOverwrite the previous NVRAM configuration?[confirm]"}},
	{"boot list of a switch", "2960", []string{"conf t\r", "boot system flash:/x.bin\r", "do show boot\r"}, []string{"\nBOOT path-list      : flash:/x.bin\n", "\nManual Boot         : no\n"}},
	{"boot list of a router", "2911", []string{"show bootvar\r"}, []string{"BOOT variable does not exist\nCONFIG_FILE variable =\nBOOTLDR variable does not exist\nConfiguration register is 0x2102\n"}},
	{"boot list of a stack", "9300", []string{"show boot\r"}, []string{"Current Boot Variables:\nBOOT variable = flash:packages.conf;\n\nBoot Variables on next reload:\nBOOT variable = flash:packages.conf;\nManual Boot = no\n"}},

	{"install", "9300", []string{"copy tftp://192.0.2.9/cat9k.bin flash:\r", "\r", "install add file flash:cat9k.bin activate commit\r", "~", "y\r", "~"}, []string{
		"install_add_activate_commit: START ", "install_add: Adding IMG\n--- Starting initial file syncing ---\nInfo: Finished copying to the selected \nFinished initial file syncing\n\n--- Starting Add ---\nPerforming Add on all members\n",
		"Checking status of Add on [1 2 3]\nAdd: Passed on [1 2 3]\nFinished Add\n\nImage added. Version: 17.09.04.0.1\ninstall_activate: Activating IMG\nFollowing packages shall be activated:\n/flash/",
		"\n\nThis operation may require a reload of the system. Do you want to proceed? [y/n]y\n\n--- Starting Activate ---\n", "Activate: Passed on [1 2 3]\n", "--- Starting Commit ---\n", "Commit: Passed on [1 2 3]\n", "\nSUCCESS: install_add_activate_commit "}},
	{"install in steps", "9300", []string{"copy tftp://192.0.2.9/cat9k.bin flash:\r", "\r", "install add file flash:cat9k.bin\r", "~"}, []string{"SUCCESS: install_add /flash/cat9k.bin "}},
	{"install summary", "9300", []string{"show install summary\r"}, []string{
		"[ Switch 1 2 3 ] Installed Package(s) Information:\nState (St): I - Inactive, U - Activated & Uncommitted,\n            C - Activated & Committed, D - Deactivated & Uncommitted\n", "IMG   C    16.12.04.0.1", "Auto abort timer: inactive\n"}},
	{"nothing to clean", "9300", []string{"install remove inactive\r"}, []string{"File is in use, will not delete.\n", "Nothing to clean."}},
	{"first configuration", "2911 console", []string{"\r", "enable\r", "enable\r", "write erase\r", "\r", "reload\r", "no\r", "\r", "~", "no\r"}, []string{
		"Would you like to enter the initial configuration dialog? [yes/no]: no\n", "Would you like to terminate autoinstall? [yes]: "}},
}

func TestDialogues(t *testing.T) {
	for _, c := range dialogues {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := converse(t, strings.Fields(c.model), c.keys)
				for _, want := range c.want {
					if !strings.Contains(got, want) {
						t.Errorf("wanted\n%s\n\nshown was\n%s", want, got)
					}
				}
			})
		})
	}
}

// converse types keys at a device, and returns what was shown.
func converse(t *testing.T, how, keys []string) string {
	p := &player{t: t, servers: &shelf{files: map[string]flash.Content{
		"new.bin": picture(t, "2911", "15.7(3)M9", "3000000"), "/deep/new.bin": picture(t, "2911", "15.7(3)M9", "3000000"),
		"foreign.bin": picture(t, "4331", "17.06.03a", "1000000"), "cat9k.bin": picture(t, "9300", "17.09.04a", "1000000"),
	}}}
	defer p.putAway()
	words, kind, other := []string{how[0]}, "ssh", false
	for _, w := range how[1:] {
		switch w {
		case "console", "vty":
			kind = w
		case "disk":
			words = append(words, "class=disk", "size=20000000")
		case "small":
			words = append(words, "size=4000000")
		case "log":
			words = append(words, "fault=log")
		case "other":
			other = true
		}
	}
	p.start(words)
	if other {
		p.device.savedBy = "15.0(1)M"
	}
	p.terminal = open(p.device, kind)
	var all strings.Builder
	listen := func() {
		synctest.Wait()
		all.WriteString(strings.ReplaceAll(p.terminal.text(), "\r\n", "\n"))
	}
	listen()
	for _, k := range keys {
		if k == "~" {
			time.Sleep(10 * time.Minute)
		} else {
			p.terminal.keys(k)
		}
		listen()
	}
	return all.String()
}
