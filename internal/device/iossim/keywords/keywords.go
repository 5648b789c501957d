// Package keywords says what the keywords and arguments of all command lines of simulated
// devices mean, as "?" shows it.
package keywords

// Interfaces are the kinds of interfaces that the command lines know.
var Interfaces = []string{"Embedded-Service-Engine", "FastEthernet", "GigabitEthernet", "Loopback", "Port-channel", "TenGigabitEthernet", "Vlan"}

// Configure says what is meant otherwise in configuration mode.
var Configure = map[string]string{
	"exit": "Exit from the current mode", "name": "Name of the domain or VLAN", "ip": "Global or interface IP configuration", "interface": "Select an interface to configure",
	"archive": "Archive the configuration", "logging": "Modify message logging facilities", "boot": "Modify system boot parameters", "enable": "Modify enable password parameters",
	"clock": "Configure time-of-day clock", "file": "Adjust file system parameters", "history": "Enable and control the command history function", "version": "Version that wrote the configuration",
	"privilege": "Command privilege parameters", "tcp": "Global TCP parameters", "switch": "Members of the stack", "all": "All protocols",
}

// Help says what keywords and arguments mean: by path, or by word wherever that is enough.
var Help = map[string]string{
	"enable": "Turn on privileged commands", "disable": "Turn off privileged commands", "exit": "Exit from the EXEC",
	"logout": "Exit from the EXEC", "quit": "Exit from the EXEC", "configure": "Enter configuration mode",
	"terminal": "Set terminal line parameters", "configure terminal": "Configure from the terminal", "show terminal": "Display terminal configuration parameters",
	"write terminal": "Write to terminal", "terminal length": "Set number of lines on a screen", "terminal width": "Set width of the display terminal",
	"monitor": "Copy debug output to the current terminal line", "terminal no": "Negate a command", "history": "Control the command history",
	"size": "Set history buffer size", "show history": "Display the session command history", "clear": "Reset functions", "clear line": "Reset a terminal line", "clear line vty": "Virtual terminal", "clock": "Manage the system clock",
	"show clock": "Display the system clock", "set": "Set the time and date", "reload": "Halt and perform a cold restart",
	"show reload": "Scheduled reload information", "reload in": "Reload after a time interval", "reload at": "Reload at a specific time/date",
	"cancel": "Cancel pending reload", "archive": "Manage archive files", "archive config": "Archive a configuration", "download-sw": "Download an image and install it", "/overwrite": "Replace the image that there is", "/leave-old-sw": "Keep the image that there is",
	"/reload": "Reload afterwards, unless the configuration was changed", "ping": "Send echo messages", "ping ip": "IP echo", "<host>": "Ping destination address or hostname", "undebug": "Disable debugging functions",
	"all": "Everything", "show": "Show running system information", "version": "System hardware and software status", "users": "Display information about terminal lines",
	"inventory": "Show the physical inventory", "privilege": "Show current privilege level", "ip": "IP information", "interface": "IP interface status and configuration",
	"brief": "Brief summary", "logging": "Show the contents of logging buffers", "tcp": "Status of TCP connections", "file": "Show filesystem information",
	"systems": "List filesystems", "running-config": "Current system configuration", "startup-config": "Contents of startup configuration",
	"boot": "Boot and startup environment", "bootvar": "Boot and related environment variable", "switch": "Stack ring information", "install": "Install commands",
	"show install": "Install information", "summary": "Summary of installed packages",
	"dir": "List files on a filesystem", "dir /recursive": "List files recursively", "cd": "Change current directory", "pwd": "Display current working directory",
	"mkdir": "Create new directory", "rmdir": "Remove existing directory", "rename": "Rename a file", "/all": "List all files", "more": "Display the contents of a file", "delete": "Delete a file",
	"/force": "Force delete", "/recursive": "Recursive delete", "squeeze": "Squeeze a filesystem", "erase": "Erase a filesystem", "erase startup-config": "Erase contents of configuration memory",
	"verify": "Verify a file", "/md5": "Compute an md5 signature for a file", "/sha512": "Compute an sha512 signature for a file", "write": "Write running configuration to memory, network, or terminal",
	"memory": "Write to NV memory", "write erase": "Erase NV memory", "copy": "Copy from one file to another",
	"copy running-config": "Copy from current system configuration", "copy startup-config": "Copy from startup configuration",
	"add": "Install a package file to the system", "activate": "Activate an installed package", "commit": "Commit the changes to the loadpath",
	"prompt-level": "Set the prompt level", "none": "Nothing", "auto-abort-timer": "Auto abort timer", "stop": "Stop the timer", "abort": "Abort the current install operation",
	"rollback": "Rollback to a previous installation point", "to": "Rollback to a specific point", "committed": "Rollback to the last committed point",
	"remove": "Remove installed packages", "inactive": "Remove all inactive packages", "install add file": "Specify the package file",

	"bootflash:": "bootflash: file system", "flash:": "flash: file system", "flash0:": "flash0: file system", "flash-1:": "flash-1: file system",
	"flash-2:": "flash-2: file system", "flash-3: ": "flash-3: file system", "flash-3:": "flash-3: file system", "stby-flash:": "stby-flash: file system",
	"ftp:": "ftp: file system", "null:": "null: file system", "nvram:": "nvram: file system", "scp:": "scp: file system", "system:": "system: file system", "tftp:": "tftp: file system",

	"no": "Negate a command or set its defaults", "default": "Set a command to its defaults", "hostname": "Set system's network name", "service": "Modify use of network based services",
	"timestamps": "Timestamp debug/log messages", "debug": "Timestamp debug messages", "log": "Timestamp log messages", "datetime": "Timestamp with date and time",
	"msec": "Include milliseconds in timestamp", "localtime": "Use local time zone for timestamps", "uptime": "Timestamp with system uptime",
	"password-encryption": "Encrypt system passwords", "tcp-keepalives-in": "Generate keepalives on idle incoming network connections",
	"tcp-keepalives-out": "Generate keepalives on idle outgoing network connections", "compress-config": "Compress the configuration file",
	"domain": "IP DNS Resolver", "domain-lookup": "Enable IP Domain Name System hostname translation", "lookup": "Enable IP Domain Name System hostname translation", "name": "Define the default domain name",
	"ftp": "FTP configuration commands", "tftp": "TFTP configuration commands", "username": "Establish User Name Authentication", "ip ftp username": "Specify username for FTP connections",
	"passive": "Connect using passive mode", "source-interface": "Specify interface for source address in connections", "blocksize": "Specify TFTP client blocksize",
	"scp": "Scp commands", "ssh": "Configure ssh options", "server": "Enable server", "secure-server": "Enable HTTP secure server", "http": "HTTP server configuration", "window-size": "Window size",
	"path-mtu-discovery": "Enable path-MTU discovery", "default-gateway": "Specify default gateway", "route": "Establish static routes", "routing": "Enable IP routing",
	"prompt": "Prompt for file operations", "quiet": "Never prompt", "alert": "Prompt only for destructive operations", "noisy": "Always prompt",
	"console": "Set console logging parameters", "buffered": "Set buffered logging parameters", "host": "Set syslog server IP address", "ntp": "Configure NTP",
	"timezone": "Configure time zone", "aaa": "Authentication, Authorization and Accounting", "new-model": "Enable new access control commands and functions",
	"boot-start-marker": "Begin boot variables", "boot-end-marker": "End boot variables", "snmp-server": "Modify SNMP engine parameters", "location": "Text for mib object sysLocation",
	"contact": "Text for mib object sysContact", "address": "Set the IP address of an interface", "encapsulation": "Set encapsulation type for an interface", "dot1Q": "IEEE 802.1Q Virtual LAN", "native": "Make this as native vlan", "range": "interface range command", "-": "Range up to a port",
	"vrf": "Name of the VRF to copy by", "dhcp": "IP Address negotiated via DHCP", "description": "Interface specific description",
	"duplex": "Configure duplex operation", "auto": "Enable AUTO configuration", "full": "Force full duplex operation", "half": "Force half-duplex operation", "speed": "Configure speed operation",
	"10": "Force 10 Mbps operation", "100": "Force 100 Mbps operation", "1000": "Force 1000 Mbps operation", "switchport": "Set switching mode characteristics", "mode": "Set trunking mode of the interface",
	"access": "Set access mode characteristics of the interface", "trunk": "Set trunking mode to TRUNK unconditionally", "vlan": "Vlan commands", "login": "Enable password checking", "local": "Local password checking",
	"exec-timeout": "Set the EXEC timeout", "synchronous": "Synchronized message output", "transport": "Define transport protocols for line", "input": "Define which protocols to use when connecting to the terminal server",
	"output": "Define which protocols to use for outgoing connections", "telnet": "TCP/IP Telnet protocol", "level": "Set user privilege level", "stopbits": "Set async line stop bits", "1": "One stop bit", "2": "Two stop bits",
	"path": "Path for backups", "maximum": "Maximum number of backup copies", "write-memory": "Enable automatic backup generation during write memory",
	"secret": "Assign the privileged level secret", "password": "Specify the password", "0": "Specifies an UNENCRYPTED password will follow", "5": "Specifies a HIDDEN secret will follow", "7": "Specifies a HIDDEN password will follow",
	"line": "Configure a terminal line", "con": "Primary terminal line", "aux": "Auxiliary line", "vty": "Virtual terminal", "banner": "Define a login banner", "motd": "Set Message of the Day banner",
	"config-register": "Define the configuration register", "system": "System image file", "flash": "Boot from flash memory", "tftp-server": "Provide TFTP service for netload requests", "alias": "File alias", "config": "Configuration",
	"end": "Exit from configure mode", "shutdown": "Shutdown the selected interface", "manual": "Manual boot", "at": "At a time", "in": "After a time",

	"January": "Month of the year", "February": "Month of the year", "March": "Month of the year", "April": "Month of the year", "May": "Month of the year", "June": "Month of the year",
	"July": "Month of the year", "August": "Month of the year", "September": "Month of the year", "October": "Month of the year", "November": "Month of the year", "December": "Month of the year",
	"<day>":           "Day of the month",
	"GigabitEthernet": "GigabitEthernet IEEE 802.3z", "FastEthernet": "FastEthernet IEEE 802.3", "TenGigabitEthernet": "Ten Gigabit Ethernet", "Loopback": "Loopback interface",
	"Vlan": "Catalyst Vlans", "Port-channel": "Ethernet Channel of interfaces", "Embedded-Service-Engine": "cisco embedded service engine module",
	"<lines>": "Number of lines (0 for no pausing)", "<columns>": "Number of characters on a screen line", "<minutes>": "Delay before reload (mmm)", "<time>": "Time (hh:mm)", "<reason>": "Reason for reload",
	"<hostname>": "This system's network name", "<sum>": "Hash to compare with", "<user>": "User name", "<secret>": "The UNENCRYPTED (cleartext) password", "<mask>": "Subnet mask", "<level>": "Privilege level",
}
