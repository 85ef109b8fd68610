"""A process to be run instead of a real one: beats, answers its process id on a socket, and misbehaves as told.

    stand_in.py LISTEN BEAT FILE [deaf] [child] [silent]

FILE gets a line with its process id at each start; `deaf` ignores SIGTERM; `child` starts a process of its own and
writes down that one's id too; `silent` never beats. A request for `/block` blocks the event loop for good.
"""
from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from tandem.heartbeat import Heartbeat


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """200 and the process id to everything."""
    head = await reader.readuntil(b"\r\n\r\n")
    if b"/block" in head:
        asyncio.get_running_loop().call_soon(time.sleep, 300)
        await asyncio.sleep(0)
    body = str(os.getpid()).encode()
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    await writer.drain()
    writer.close()


async def main() -> None:
    if "silent" not in sys.argv:
        Heartbeat(int(sys.argv[2])).start()
    server = await asyncio.start_server(answer, sock=socket.socket(fileno=int(sys.argv[1])))
    await server.serve_forever()


signal.signal(signal.SIGTERM, signal.SIG_IGN if "deaf" in sys.argv else signal.SIG_DFL)
pids = [os.getpid()]
if "child" in sys.argv:
    pids.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"]).pid)
with Path(sys.argv[3]).open("a") as file:
    file.write(" ".join(map(str, pids)) + "\n")
print("hello from the stand-in", flush=True)
asyncio.run(main())
