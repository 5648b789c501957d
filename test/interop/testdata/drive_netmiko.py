"""Upgrades a simulated device by netmiko: KIND PORT IMAGE MD5."""
import sys, time
from netmiko import ConnectHandler

kind, port, image, md5 = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]


def connect():
    c = ConnectHandler(device_type=kind, host="127.0.0.1", port=port, username="cisco",
                       password="cisco", secret="cisco", timeout=60, banner_timeout=60, auth_timeout=60)
    c.enable()
    return c


def reached():
    """It may be booting, and netmiko gives up early."""
    for attempt in range(200):
        try:
            return connect()
        except Exception as e:
            last = e
            time.sleep(0.1)
    sys.exit("it cannot be reached: %s" % last)


def expect(text, found):
    if text not in found:
        sys.exit("expected %r in\n%s" % (text, found))


def until(c, text):
    got = ""
    end = time.time() + 60
    while text not in got:
        got += c.read_channel()
        if time.time() > end:
            sys.exit("expected %r in\n%s" % (text, got))
    return got


c = reached()
expect("R1#", c.find_prompt())
expect("Version 15.1(4)M4", c.send_command("show version"))
c.send_config_set(["hostname R9", "interface GigabitEthernet0/1", "description lab",
                   "boot system flash0:" + image])
c.set_base_prompt()
expect("description lab", c.send_command("show running-config interface GigabitEthernet0/1"))
expect("[OK]", c.save_config())

c.write_channel("copy tftp: flash:\n")
until(c, "Address or name of remote host []? ")
c.write_channel("127.0.0.1\n")
until(c, "Source filename []? ")
c.write_channel(image + "\n")
until(c, "Destination filename [" + image + "]? ")
c.write_channel("\n")
until(c, "Erase flash: before copying? [confirm]")
c.write_channel("n")
expect("[OK - 700000 bytes]", until(c, "R9#"))
expect("= " + md5, c.send_command("verify /md5 flash:" + image))
expect("700000", c.send_command("dir flash:"))

c.write_channel("reload\n")
until(c, "Proceed with reload? [confirm]")
try:
    c.write_channel("\n")
    c.disconnect()
except Exception:
    pass  # the device may have gone first

c = reached()
expect("Version 15.7(3)M9", c.send_command("show version"))
expect("hostname R9", c.send_command("show running-config | include hostname"))
c.disconnect()
print("upgraded")
