"""For a test: a program that dies of a picture, and else does what the one behind it does."""

import base64
import json
import os
import signal
import subprocess
import sys
import threading

program = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE)


def watch():
    for line in sys.stdin.buffer:
        if base64.b64decode(json.loads(line)["image"]) == b"DEADLY":
            program.kill()
            os.kill(os.getpid(), signal.SIGKILL)
        program.stdin.write(line)
        program.stdin.flush()
    program.stdin.close()


threading.Thread(target=watch, daemon=True).start()
sys.exit(program.wait())
