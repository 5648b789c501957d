"""Upgrades a simulated device by paramiko: PORT IMAGE MD5."""
import sys, time
import paramiko

port, image, md5 = int(sys.argv[1]), sys.argv[2], sys.argv[3]


def connect():
    c = paramiko.SSHClient()
    c.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    c.connect("127.0.0.1", port=port, username="cisco", password="cisco", look_for_keys=False, allow_agent=False,
              timeout=60, banner_timeout=60, auth_timeout=60)
    return c


def until(chan, text):
    got = ""
    while not got.endswith(text):
        b = chan.recv(1)
        if not b:
            sys.exit("expected %r in\n%s" % (text, got))
        got += b.decode()
    return got


def say(chan, line, text):
    chan.sendall(line)
    return until(chan, text)


def expect(text, found):
    if text not in found:
        sys.exit("expected %r in\n%s" % (text, found))


c = connect()
_, out, _ = c.exec_command("show version")  # one command and no terminal
expect("Version 15.1(4)M4", out.read().decode())
c.close()

c = connect()
chan = c.invoke_shell(width=200)
chan.settimeout(60)
until(chan, "R1#")
say(chan, "terminal length 0\r", "R1#")
say(chan, "configure terminal\r", "R1(config)#")
say(chan, "boot system flash0:" + image + "\r", "R1(config)#")
say(chan, "end\r", "R1#")
expect("[OK]", say(chan, "write memory\r", "R1#"))
say(chan, "copy tftp: flash:\r", "Address or name of remote host []? ")
say(chan, "127.0.0.1\r", "Source filename []? ")
say(chan, image + "\r", "Destination filename [" + image + "]? ")
say(chan, "\r", "Erase flash: before copying? [confirm]")
expect("[OK - 700000 bytes]", say(chan, "n", "R1#"))
expect("= " + md5, say(chan, "verify /md5 flash:" + image + "\r", "R1#"))
say(chan, "reload\r", "Proceed with reload? [confirm]")
chan.sendall("\r")
try:
    while chan.recv(4096):
        pass
except Exception:
    pass  # the device has gone, in whatever way
c.close()

for attempt in range(200):
    try:
        c = connect()
        break
    except Exception as e:
        last = e
        time.sleep(0.1)
else:
    sys.exit("it cannot be reached: %s" % last)
_, out, _ = c.exec_command("show version")
expect("Version 15.7(3)M9", out.read().decode())
c.close()
print("upgraded")
