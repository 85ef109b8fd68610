"""A small Sanic server, run through `tandem.run.worker` as Rasa and the action server are."""
from __future__ import annotations

import asyncio
import os
import time

from sanic import Request, Sanic
from sanic.response import HTTPResponse, text

app = Sanic("part", configure_logging=False)


@app.get("/")
async def who(_request: Request) -> HTTPResponse:
    return text(str(os.getpid()))


@app.get("/block")
async def block(_request: Request) -> HTTPResponse:
    asyncio.get_running_loop().call_soon(time.sleep, 300)
    await asyncio.sleep(0)
    return text("never")


if __name__ == "__main__":
    app.run("203.0.113.9", 1, workers=4)  # what the launcher is to overrule
