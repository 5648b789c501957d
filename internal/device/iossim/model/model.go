// Package model says what the simulated devices are: a 2911 router, a 2960 switch, an ISR
// 4331 in bundle mode, and a stack of three Catalyst 9300 in install mode. It is facts
// about hardware and about how versions and images are named; it does no I/O.
package model

import (
	"fmt"
	"strings"
	"time"

	"dray/internal/device/iossim/flash"
)

// Model is a kind of device.
type Model struct {
	Name     string // what the simulator calls it, also the platform of its images
	Product  string // what the device calls itself
	Software string // in the first line of show version
	Feature  string // in brackets after it
	Image    string // file name, %s for the version
	Version  string // that it comes with
	Size     int64  // of the image that it comes with, in octets
	XE       bool
	Switch   bool
	Install  bool // boots packages instead of a single image
	Members  int  // of the stack

	Storage     string // the prefix of its flash
	Aliases     []string
	Class       flash.Class
	Capacity    int64 // of the flash, in octets
	NVRAM       int   // in octets
	Register    string
	Memory      string // as in "with … of memory"
	Processor   string
	Serial      string // of member 1, others count on
	BootTime    time.Duration
	Interfaces  []string // in the order of show ip interface brief
	Inventory   []Item
	BootLog     []string
	Bootstrap   string
	Environment []string // lines of show version that count interfaces
}

// Item is a line pair of show inventory. %s in Serial is that of the member.
type Item struct{ Name, Descr, PID, VID, Serial string }

// All returns the models.
func All() []Model { return []Model{c2911(), c2960(), isr4331(), cat9300()} }

// Find returns the model of a name, and false if there is none.
func Find(name string) (Model, bool) {
	for _, m := range All() {
		if m.Name == name {
			return m, true
		}
	}
	return Model{}, false
}

func ports(format string, from, to int) (all []string) {
	for i := from; i <= to; i++ {
		all = append(all, fmt.Sprintf(format, i))
	}
	return all
}

func c2911() Model {
	return Model{
		Name: "2911", Product: "CISCO2911/K9", Software: "C2900 Software", Feature: "C2900-UNIVERSALK9-M",
		Image: "c2900-universalk9-mz.SPA.%s.bin", Version: "15.1(4)M4", Size: 97794040,
		Members: 1, Storage: "flash0:", Aliases: []string{"flash:"}, Class: flash.ClassC, Capacity: 256487424, NVRAM: 262136,
		Register: "0x2102", Memory: "483328K/40960K bytes", Processor: "revision 1.0", Serial: "FTX152400KS",
		BootTime: 100 * time.Second, Interfaces: append([]string{"Embedded-Service-Engine0/0"}, ports("GigabitEthernet0/%d", 0, 2)...),
		Inventory: []Item{{"CISCO2911/K9", "CISCO2911/K9 chassis, Hw Serial#: %s, Hw Revision: 1.0", "CISCO2911/K9", "V05", "%s"}},
		Bootstrap: "System Bootstrap, Version 15.0(1r)M15, RELEASE SOFTWARE (fc1)",
		BootLog:   []string{"Total memory size = 512 MB - On-board = 512 MB, DIMM0 = 0 MB", "CISCO2911/K9 platform with 524288 Kbytes of main memory", "Main memory is configured to 72/-1(On-board/DIMM0) bit mode with ECC enabled", ""},
		Environment: []string{"3 Gigabit Ethernet interfaces", "1 terminal line", "DRAM configuration is 64 bits wide with parity enabled.",
			"255K bytes of non-volatile configuration memory.", "250880K bytes of ATA System CompactFlash 0 (Read/Write)"},
	}
}

func c2960() Model {
	return Model{
		Name: "2960", Product: "WS-C2960-24TT-L", Software: "C2960 Software", Feature: "C2960-LANBASEK9-M",
		Image: "c2960-lanbasek9-mz.%s.bin", Version: "15.0(2)SE4", Size: 11792247, Switch: true,
		Members: 1, Storage: "flash:", Class: flash.Disk, Capacity: 32514048, NVRAM: 65536,
		Register: "0xF", Memory: "65536K bytes", Processor: "PowerPC405", Serial: "FOC1010X104",
		BootTime: 90 * time.Second, Interfaces: append(append([]string{"Vlan1"}, ports("FastEthernet0/%d", 1, 24)...), ports("GigabitEthernet0/%d", 1, 2)...),
		Inventory: []Item{{"1", "WS-C2960-24TT-L", "WS-C2960-24TT-L", "V03", "%s"}},
		Bootstrap: "C2960 Boot Loader (C2960-HBOOT-M) Version 12.2(25r)FX, RELEASE SOFTWARE (fc4)",
		BootLog:   []string{"Initializing Flash...", "flashfs[0]: filesystem check interrupted!", "flashfs[0]: flashfs fsck took 1 seconds.", "...done Initializing Flash.", "done.", ""},
		Environment: []string{"1 Virtual Ethernet interface", "24 FastEthernet interfaces", "2 Gigabit Ethernet interfaces",
			"The password-recovery mechanism is enabled.", "", "64K bytes of flash-simulated non-volatile configuration memory."},
	}
}

func isr4331() Model {
	return Model{
		Name: "4331", Product: "ISR4331/K9", Software: "ISR Software", Feature: "X86_64_LINUX_IOSD-UNIVERSALK9-M",
		Image: "isr4300-universalk9.%s.SPA.bin", Version: "16.09.04", Size: 482344960, XE: true,
		Members: 1, Storage: "bootflash:", Aliases: []string{"flash:"}, Class: flash.Disk, Capacity: 3249049600, NVRAM: 33554432,
		Register: "0x2102", Memory: "1795979K/6147K bytes", Processor: "1RU", Serial: "FDO2112A0BC",
		BootTime: 180 * time.Second, Interfaces: append(ports("GigabitEthernet0/0/%d", 0, 2), "GigabitEthernet0"),
		Inventory: []Item{
			{"Chassis", "Cisco ISR4331 Chassis", "ISR4331/K9", "V04", "%s"},
			{"Power Supply Module 0", "250W AC Power Supply for Cisco ISR 4330", "PWR-4330-AC", "V02", "PST2102A1B2"},
			{"module 0", "Cisco ISR4331 Built-In NIM controller", "ISR4331/K9", "", ""},
			{"NIM subslot 0/0", "Front Panel 3 ports Gigabitethernet Module", "ISR4331-3x1GE", "V01", ""},
			{"module R0", "Cisco ISR4331 Route Processor", "ISR4331/K9", "V04", "FDO21120D1E"},
		},
		Bootstrap:   "System Bootstrap, Version 16.9(1r), RELEASE SOFTWARE",
		BootLog:     []string{"Current image running: Boot ROM1", "", "Last reset cause: LocalSoft", "ISR4331/K9 platform with 4194304 Kbytes of main memory", ""},
		Environment: []string{"3 Gigabit Ethernet interfaces", "32768K bytes of non-volatile configuration memory.", "4194304K bytes of physical memory.", "3223551K bytes of flash memory at bootflash:."},
	}
}

func cat9300() Model {
	const members = 3
	m := Model{
		Name: "9300", Product: "C9300-48P", Software: "Catalyst L3 Switch Software", Feature: "CAT9K_IOSXE",
		Image: "cat9k_iosxe.%s.SPA.bin", Version: "16.12.04", Size: 815268864, XE: true, Switch: true, Install: true,
		Members: members, Storage: "flash:", Aliases: []string{"bootflash:"}, Class: flash.Disk, Capacity: 11353194496, NVRAM: 2097152,
		Register: "0x102", Memory: "1343703K/6147K bytes", Processor: "X86", Serial: "FCW2134L00A",
		BootTime: 300 * time.Second, Interfaces: []string{"Vlan1", "GigabitEthernet0/0"},
		Bootstrap:   "System Bootstrap, Version 17.1.1r[FC3], RELEASE SOFTWARE (P)",
		BootLog:     []string{"Current ROMMON image : Primary", "Last reset cause     : SoftwareReload", "C9300-48P platform with 8388608 Kbytes of main memory", ""},
		Environment: []string{"1 Virtual Ethernet interface", "156 Gigabit Ethernet interfaces", "2048K bytes of non-volatile configuration memory.", "8388608K bytes of physical memory.", "11264000K bytes of Flash at flash:."},
	}
	for i := 1; i <= members; i++ {
		m.Interfaces = append(m.Interfaces, ports(fmt.Sprintf("GigabitEthernet%d/0/%%d", i), 1, 48)...)
	}
	m.Inventory = []Item{{"c93xx Stack", "c93xx Stack", "C9300-48P", "V02", "%s"}}
	for i := 1; i <= members; i++ {
		m.Inventory = append(m.Inventory, Item{fmt.Sprintf("Switch %d", i), "C9300-48P", "C9300-48P", "V02", m.SerialOf(i)})
	}
	return m
}

// SerialOf returns the serial number of a member of the stack, from 1.
func (m Model) SerialOf(member int) string {
	return m.Serial[:len(m.Serial)-1] + string(rune(m.Serial[len(m.Serial)-1])+rune(member-1))
}

// FileName returns what an image of a version is called.
func (m Model) FileName(version string) string {
	if !m.XE { // "15.1(4)M4" is "151-4.M4" in names
		version = strings.NewReplacer(".", "", "(", "-", ")", ".").Replace(version)
	}
	return fmt.Sprintf(m.Image, version)
}

// Short returns a version of IOS XE without the zeros that file names have: "17.9.4a" for
// "17.09.04a". Others are returned as they are.
func Short(version string) string {
	parts := strings.Split(version, ".")
	for i, p := range parts {
		if t := strings.TrimLeft(p, "0"); t != p {
			if t == "" || t[0] < '0' || t[0] > '9' {
				t = "0" + t
			}
			parts[i] = t
		}
	}
	return strings.Join(parts, ".")
}

// Packages are what an image of a version is unpacked into, with the share of its size
// that each takes, in percent.
func (m Model) Packages(version string) []Package {
	var all []Package
	for _, p := range []struct {
		name  string
		share int64
	}{{"cc_srdriver", 2}, {"espbase", 10}, {"guestshell", 1}, {"rpbase", 64}, {"rpboot", 6}, {"sipbase", 5}, {"sipspa", 4}, {"srdriver", 5}, {"webui", 2}, {"wlc", 1}} {
		all = append(all, Package{fmt.Sprintf("cat9k-%s.%s.SPA.pkg", p.name, version), p.share})
	}
	return all
}

// Package is one of the files that an image is unpacked into.
type Package struct {
	Name  string
	Share int64 // percent
}
