package conf

import "testing"

func TestLinesStandInTheirPlaces(t *testing.T) {
	var c Config
	c.Set("hostname", "hostname R1")
	c.Add("line vty 0 4")
	c.SetBelow("line vty 0 4", "login", "login local")
	c.Add("interface GigabitEthernet0/0")
	c.SetBelow("interface GigabitEthernet0/0", "ip address", "ip address 192.0.2.1 255.255.255.0")
	c.SetBelow("interface GigabitEthernet0/0", "shutdown", "shutdown")
	c.SetBelow("interface GigabitEthernet0/0", "ip address", "ip address 192.0.2.2 255.255.255.0")
	c.SetBelow("interface GigabitEthernet0/0", "shutdown", "")
	c.Add("boot system flash:new.bin")
	c.Add("boot system flash:old.bin")
	c.Add("boot system flash:new.bin")
	c.Set("version", "version 15.7")
	c.Add("no ip ftp passive")
	c.Set("ip ftp username", "ip ftp username amy")
	c.Set("ip ftp username", "ip ftp username bob")
	c.Set("hostname", "hostname R2")
	const want = `version 15.7
!
hostname R2
!
boot-start-marker
boot system flash:new.bin
boot system flash:old.bin
boot-end-marker
!
ip ftp username bob
no ip ftp passive
!
interface GigabitEthernet0/0
 ip address 192.0.2.2 255.255.255.0
!
line vty 0 4
 login local
!
end
`
	if got := c.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	d := c.Clone()
	if n := d.Remove("boot system flash:old.bin"); n != 1 || c.String() != want {
		t.Errorf("removed %d lines of a copy, which changed\n%s", n, c.String())
	}
	if rest, ok := d.Get("ip ftp username"); rest != "bob" || !ok {
		t.Errorf("the user is %q, %v", rest, ok)
	}
	if all := c.All("boot system"); len(all) != 2 || all[0] != "flash:new.bin" {
		t.Errorf("boots %q", all)
	}
	if rest, ok := c.Below("interface GigabitEthernet0/0", "ip address"); rest != "192.0.2.2 255.255.255.0" || !ok {
		t.Errorf("the address is %q, %v", rest, ok)
	}
	if _, ok := c.Get("ip ftp user"); ok {
		t.Error("half a word was found")
	}
}
