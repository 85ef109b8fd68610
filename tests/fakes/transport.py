"""What stands in for the network below `requests`."""
from __future__ import annotations

import io
import json as json_module
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict


@dataclass(frozen=True)
class Reply:
    """What a service answers."""

    status: int
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def reply(status: int, *, json: Any = ..., content: bytes = b"", headers: Mapping[str, str] | None = None) -> Reply:
    """An answer with JSON, or with any other content."""
    body = content if json is ... else json_module.dumps(json).encode()
    return Reply(status, body, headers or {})


class Transport(BaseAdapter):
    """Answers with each of `answers` in turn, the last one for ever; keeps what it was sent."""

    def __init__(self, *answers: Reply | Exception | Callable[[requests.PreparedRequest], Reply]) -> None:
        super().__init__()
        self.answers = list(answers)
        self.requests: list[requests.PreparedRequest] = []
        self.pauses: list[float] = []

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if not isinstance(answer, Reply):
            answer = answer(request)
        response = requests.Response()
        response.status_code, response.headers = answer.status, CaseInsensitiveDict(answer.headers)
        response.raw, response.request, response.url = io.BytesIO(answer.content), request, str(request.url)
        return response

    def close(self) -> None:
        """There is nothing to close."""
