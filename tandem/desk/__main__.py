"""`python -m tandem.desk [LISTEN BEAT]`: the desk's process, alone or on the socket and the pipe of its supervisor."""
from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Sequence

import uvicorn
from sqlalchemy.exc import SQLAlchemyError

from tandem.access.connections import HEAD_SECONDS, connections_of_this_process
from tandem.access.uvicorn_connections import protocol_counting_in
from tandem.configuration import ConfigurationError
from tandem.db.schema import SchemaTooNew
from tandem.desk.app import create_app
from tandem.heartbeat import Heartbeat
from tandem.logs import configure
from tandem.settings import Settings, SettingsError, load

GRACE = 2  # seconds: live streams never end by themselves


class _Server(uvicorn.Server):
    """Beats once it is up."""

    def __init__(self, config: uvicorn.Config, heartbeat: Heartbeat | None) -> None:
        super().__init__(config)
        self._heartbeat = heartbeat

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start as uvicorn does."""
        await super().startup(sockets)
        if self._heartbeat is not None and self.started:
            self._heartbeat.start()


def serve(settings: Settings, listener: socket.socket, heartbeat: Heartbeat | None = None) -> None:
    """Run the desk until it is told to stop.

    Raises:
        ConfigurationError: A setting or a configuration file is wrong.
    """
    config = uvicorn.Config(create_app(settings), http=protocol_counting_in(connections_of_this_process()),
                            log_config=None, access_log=False, timeout_keep_alive=int(HEAD_SECONDS),
                            timeout_graceful_shutdown=GRACE, server_header=False,
                            proxy_headers=False,  # tandem.desk.security.proxies reads them, as the settings say
                            ws="none")  # not used; and uvicorn cannot load the websockets release that Rasa asks for
    with contextlib.suppress(KeyboardInterrupt):  # raised again by uvicorn after it has shut down in order
        _Server(config, heartbeat).run(sockets=[listener])


def bound(settings: Settings) -> socket.socket:
    """Bind a socket of the desk's own.

    Raises:
        SettingsError: The address cannot be bound.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.desk_port))
    except OSError as error:
        raise SettingsError(f"cannot listen on {settings.host}:{settings.desk_port} ({error.strerror or error}); "
                            "set TANDEM_DESK_PORT or TANDEM_HOST, see docs/settings.md") from error
    return listener


def main(arguments: Sequence[str]) -> int:
    """Read the settings and serve; 1 after an error of configuration, which is named on standard error."""
    try:
        settings = load()
        configure(settings.log_format, settings.log_level, everything=True)
        if arguments:
            listen, beat = map(int, arguments)
            serve(settings, socket.socket(fileno=listen), Heartbeat(beat))
        else:
            serve(settings, bound(settings))
    except (ConfigurationError, SchemaTooNew) as error:
        print(f"desk: {error}", file=sys.stderr)
        return 1
    except SQLAlchemyError as error:
        print(f"desk: the database says: {str(error).splitlines()[0]}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
