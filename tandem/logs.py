"""What the processes log: plain lines, or one JSON object a line; never what anybody wrote."""
from __future__ import annotations

import json
import logging
from datetime import datetime, timezone
from typing import Any

_OURS = ("tandem", "actions")
_PLAIN = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_FIELDS = ("conversation", "epoch", "handoff")  # what `about` adds


def about(conversation_id: str, epoch: int | None = None, handoff_id: str | None = None) -> dict[str, Any]:
    """Return the `extra` of a log line: which conversation it is about, in which epoch, in which handoff."""
    return {"conversation": conversation_id, "epoch": epoch, "handoff": handoff_id}


class JsonLines(logging.Formatter):
    """One JSON object a line: at, level, logger, message and, where known, conversation, epoch and handoff."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line. Of an exception it holds the trace, which names places in the code and the error."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname, "logger": record.name, "message": record.getMessage(),
        }
        line.update({name: record.__dict__[name] for name in _FIELDS if record.__dict__.get(name) is not None})
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line)


def configure(log_format: str, level: str, everything: bool = False) -> None:
    """Set the form of this process's lines.

    Args:
        log_format: `text` or `json`. With `text`, Rasa's own set-up of its processes stays as it is.
        level: The least level that is written.
        everything: This is a process of our own, and the lines of libraries are in our hands too.
    """
    # It tells whole addresses: those of outside tools may hold secrets, and what customers are known by.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    if log_format != "json" and not everything:
        return
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if log_format == "json" else logging.Formatter(_PLAIN))
    for name in ("",) if everything else _OURS:
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level)
        logger.propagate = False
