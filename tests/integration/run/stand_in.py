"""A process to be run instead of a real one: answers 200 on a port, and misbehaves as told.

    stand_in.py PORT FILE [deaf] [child]

FILE gets a line with its process id at each start; `deaf` ignores SIGTERM; `child` starts a process of its own and
writes down that one's id too.
"""
from __future__ import annotations

import http.server
import os
import signal
import subprocess
import sys
from pathlib import Path


class Answer(http.server.BaseHTTPRequestHandler):
    """200 to everything."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


if "deaf" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
pids = [os.getpid()]
if "child" in sys.argv:
    pids.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"]).pid)
with Path(sys.argv[2]).open("a") as file:
    file.write(" ".join(map(str, pids)) + "\n")
print("hello from the stand-in", flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
