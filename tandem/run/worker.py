"""Run a Sanic server as one of Tandem's processes: python -m tandem.run.worker LISTEN BEAT MODULE [ARGUMENT ...].

LISTEN is the listening socket that the supervisor holds, BEAT the pipe for the heartbeat. Rasa and the action server
would bind a port of their own and fork their workers themselves: a worker that dies then is never replaced, and its
port refuses customers until it is back. On the supervisor's socket they wait in line instead, and the other workers
take them.
"""
from __future__ import annotations

import socket
import sys
from typing import Any

from sanic import Sanic

from tandem.heartbeat import Heartbeat
from tandem.run.ports import BACKLOG
from tandem.run.suppress_warnings import run_module


def serve_on(listen: int, beat: int) -> None:
    """Let the Sanic server that is started next accept on `listen`, in this process alone, and beat once it is up."""
    server: Any = Sanic
    start = server.run

    heartbeat = Heartbeat(beat)

    def run(app: Sanic, *_address: Any, ssl: Any = None, **_named: Any) -> None:
        async def prepare(app: Sanic, _: Any) -> None:
            runtime = getattr(app.ctx, "tandem", None)  # of Rasa's server, and by now its model is loaded
            if runtime is not None:
                await runtime.prepare()

        async def begin(*_: Any) -> None:
            heartbeat.start()

        app.ctx.heartbeat = heartbeat
        app.register_listener(prepare, "before_server_start")
        app.register_listener(begin, "after_server_start")
        start(app, sock=socket.socket(fileno=listen), ssl=ssl, workers=1, backlog=BACKLOG)

    server.run = run


if __name__ == "__main__":
    serve_on(int(sys.argv[1]), int(sys.argv[2]))
    run_module(sys.argv[3:])
