"""Has templates of TextFSM read what devices print: TEMPLATES MODEL=PORT...

For each device and command a line: the model, the command, and the records as JSON."""
import json, os, sys
import paramiko, textfsm

commands = ["show version", "dir", "show inventory", "show ip interface brief", "show clock", "show users",
            "show boot", "show file systems", "show archive"]



class Device:
    """A shell on a device, read as far as its prompt."""

    def __init__(self, port):
        self.client = paramiko.SSHClient()
        self.client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        self.client.connect("127.0.0.1", port=port, username="cisco", password="cisco", look_for_keys=False,
                            allow_agent=False, timeout=60, banner_timeout=60, auth_timeout=60)
        self.chan = self.client.invoke_shell(width=200)
        self.chan.settimeout(60)
        self.prompt = ""
        self.prompt = self.until("#").split()[-1]
        self.say("terminal length 0")

    def until(self, text):
        got = ""
        while not got.endswith(text):
            b = self.chan.recv(4096)
            if not b:
                sys.exit("expected %r in\n%s" % (text, got))
            got += b.decode()
        return got

    def say(self, line, prompt=None):
        """What a line prints, without its echo and the next prompt."""
        prompt = prompt or self.prompt
        self.chan.sendall(line + "\r")
        out = self.until("\n" + prompt).replace("\r", "")
        return out[out.index("\n") + 1:-len(prompt)]


for device in sys.argv[2:]:
    model, port = device.split("=")
    c = Device(int(port))
    config = c.prompt[:-1] + "(config"
    c.say("configure terminal", config + ")#")
    if model == "2960":  # the template does not know an empty list
        c.say("boot system flash:/c2960-lanbasek9-mz.150-2.SE4.bin", config + ")#")
    c.say("archive", config + "-archive)#")
    c.say("path flash:kept", config + "-archive)#")
    c.say("end")
    c.say("archive config")
    for command in commands:
        if command == "show boot" and model in ("2911", "4331"):
            continue  # routers have show bootvar
        out = c.say(command)
        name = "cisco_ios_" + command.replace(" ", "_") + ".textfsm"
        with open(os.path.join(sys.argv[1], name)) as f:
            table = textfsm.TextFSM(f)
        try:
            rows = table.ParseText(out)
        except textfsm.TextFSMError as e:
            sys.exit("%s, %s: %s in\n%s" % (model, command, e, out))
        print(model, command.replace(" ", "_"), json.dumps([dict(zip(table.header, row)) for row in rows]))
    c.client.close()
