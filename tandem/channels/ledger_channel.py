"""What every channel has whose conversations are in the ledger, however its messages come in."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rasa.core.channels.channel import InputChannel, OutputChannel
from sanic import Blueprint, Sanic

from tandem.gateway.bot_turn import OnNewMessage
from tandem.gateway.fenced_output import ProactiveOutput
from tandem.gateway.runtime import Runtime


class LedgerChannel(InputChannel):
    """A channel that belongs to its server's runtime; where Rasa speaks unasked on it, it speaks behind the fence."""

    push: ClassVar[bool] = True  # whether the channel can send without being asked
    _tandem_runtime: Runtime | None = None

    @property
    def tandem_runtime(self) -> Runtime:
        """Return the server's runtime.

        Raises:
            RuntimeError: The server does not run yet.
        """
        if self._tandem_runtime is None:
            raise RuntimeError(f"the channel {self.name()} is not served yet")
        return self._tandem_runtime

    def own_output(self) -> OutputChannel | None:
        """Return the channel's own output, which sends at once; Rasa's, if the channel has no better one."""
        return super().get_output_channel()

    def deliver_to(self, address: Mapping[str, Any]) -> OutputChannel | None:
        """Return the output by which the delivery worker reaches a customer; None if the channel cannot push.

        Args:
            address: What `RoutedChannel.address` said of the customer's last message, and `recipient`, the sender's id.
        """
        return self.own_output() if self.push else None

    def get_output_channel(self, *_: Any) -> OutputChannel | None:
        """Return where Rasa's reminders and triggered intents speak: behind the fence, once the server runs."""
        if self._tandem_runtime is None:
            return self.own_output()
        return ProactiveOutput(self._tandem_runtime.ledger, self.name(), self._tandem_runtime.recorded)

    def bind(self, blueprint: Blueprint, on_new_message: OnNewMessage) -> None:
        """Tie the channel to its server's runtime, which starts and stops with the server.

        Args:
            on_new_message: Rasa's own callback, which brings a message to the bot.
        """

        @blueprint.listener("before_server_start")
        async def join(app: Sanic, _: Any) -> None:
            self._tandem_runtime = Runtime.of(app)
            self._tandem_runtime.add_channel(self, on_new_message)

        @blueprint.listener("after_server_start")
        async def start(app: Sanic, _: Any) -> None:
            await Runtime.of(app).start()

        @blueprint.listener("before_server_stop")
        async def stop(app: Sanic, _: Any) -> None:
            await Runtime.of(app).stop()
