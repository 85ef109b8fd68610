"""How the Rasa server calls the action server: over kept connections, and again if it was away for a moment."""
from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import aiohttp
from rasa.core.agent import Agent
from rasa.utils.endpoints import ClientResponseError, EndpointConfig, concat_url

from tandem.access.tokens import actions_tokens, current_token
from tandem.settings import Settings

logger = logging.getLogger(__name__)

PATIENCE = 25.0  # seconds for an action server that is away; one that is started again takes 2 to 20, as busy as it is
ANSWER_SECONDS = 20.0  # for an action; Rasa would wait five minutes. Asking for orders takes half of it at most
_FIRST_PAUSE = 0.1


class ActionEndpoint(EndpointConfig):
    """Rasa's action endpoint, which otherwise opens a connection for each call and gives up when it is refused.

    An action whose call is lost counts as run: Rasa carries on without its events, and the customer may hear nothing.
    So a call is repeated while the server cannot be reached or breaks off. An action may then run twice; those of
    Tandem are made for it (one handoff, one change of the order by its idempotency key).
    """

    def __init__(self, endpoint: EndpointConfig, patience: float = PATIENCE) -> None:
        super().__init__(endpoint.url, endpoint.params, endpoint.headers, endpoint.basic_auth, endpoint.token,
                         endpoint.token_name, endpoint.cafile, **endpoint.kwargs)
        self._patience = patience
        self._kept: aiohttp.ClientSession | None = None

    async def request(
        self, method: str = "post", subpath: str | None = None, content_type: str | None = "application/json",
        compress: bool = False, **kwargs: Any,
    ) -> Any:
        """Call the action server; parameters and errors are those of Rasa's endpoint.

        Raises:
            ClientResponseError: It answered with an error.
            asyncio.TimeoutError: It did not answer within `ANSWER_SECONDS`; the call is not repeated.
            aiohttp.ClientConnectionError: It could not be reached for `PATIENCE` seconds.
        """
        if self.cafile:  # TLS with a certificate of one's own is left to Rasa
            return await super().request(method, subpath, content_type, compress, **kwargs)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience
        pause = _FIRST_PAUSE
        while True:
            try:
                return await self._call(method, subpath, content_type, compress, dict(kwargs))
            except asyncio.TimeoutError:
                raise  # it has had its time; a timeout of aiohttp's is a ClientConnectionError too
            except aiohttp.ClientConnectionError as error:
                if loop.time() + pause > deadline:
                    raise
                logger.warning("The action server is away (%s); it is called again", error)
            await asyncio.sleep(pause)
            pause = min(2 * pause, 1.0)

    async def close(self) -> None:
        """Close the kept connections."""
        if self._kept is not None:
            await self._kept.close()

    async def _call(
        self, method: str, subpath: str | None, content_type: str | None, compress: bool, kwargs: dict[str, Any],
    ) -> Any:
        headers = {"Content-Type": content_type} if content_type else {}
        headers.update(kwargs.pop("headers", {}))
        params = self.combine_parameters(kwargs)
        kwargs["timeout"] = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        async with self._session().request(
            method, concat_url(self.url, subpath), headers=headers, params=params, compress=compress, **kwargs,
        ) as response:
            body = await response.read()
            if response.status >= 400:
                raise ClientResponseError(response.status, response.reason, _without_request(body))
            is_json = response.headers.get("Content-Type", "").partition(";")[0].strip().lower() == "application/json"
            return json.loads(body) if is_json else None

    def _session(self) -> aiohttp.ClientSession:
        if self._kept is None or self._kept.closed:
            self._kept = self.session()
        return self._kept


def authorise(endpoint: EndpointConfig | None, settings: Settings) -> None:
    """Let calls to the action server carry its token, unless endpoints.yml has an Authorization header of its own."""
    token = current_token(actions_tokens(settings))
    if endpoint is not None and token:
        endpoint.headers.setdefault("Authorization", f"Bearer {token}")


def _without_request(body: bytes) -> bytes:
    """Keep of an error's answer what Rasa reads; the SDK repeats the whole request, and the error's text is logged."""
    try:
        said = json.loads(body)
    except ValueError:
        return b"{}"
    kept = {key: said[key] for key in ("action_name", "error") if key in said} if isinstance(said, dict) else {}
    return json.dumps(kept).encode()


def install_action_endpoint(agent: Agent) -> None:
    """Let an agent, which Rasa makes anew with each model that it loads, call its actions by an `ActionEndpoint`."""
    processor = getattr(agent, "processor", None)
    if processor is not None and type(processor.action_endpoint) is EndpointConfig:
        processor.action_endpoint = ActionEndpoint(processor.action_endpoint)


async def close_action_endpoint(agent: Agent | None) -> None:
    """Close what `install_action_endpoint` has opened."""
    endpoint = getattr(getattr(agent, "processor", None), "action_endpoint", None)
    if isinstance(endpoint, ActionEndpoint):
        await endpoint.close()
