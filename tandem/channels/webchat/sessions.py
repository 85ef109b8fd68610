"""Session tokens: what a browser shows to read and write a conversation."""
from __future__ import annotations

import secrets

from itsdangerous import BadSignature, URLSafeTimedSerializer

from tandem.channels.webchat.http import NoSession
from tandem.settings import SettingsError

MAX_AGE = 90 * 24 * 3600  # seconds after which a browser that never came back has lost its conversation
_MAX_TOKEN = 512  # characters
_SALT = "tandem.webchat.session"


class Sessions:
    """Makes and checks session tokens.

    A token is the conversation's id with the time of issue and an HMAC over both. The id alone is neither enough to
    read nor to write: agents, logs and the tracker know it too.
    """

    def __init__(self, secret_key: str) -> None:
        """
        Raises:
            SettingsError: There is no secret.
        """
        if not secret_key:
            raise SettingsError("TANDEM_SECRET_KEY is missing, and the web chat signs its sessions with it; "
                                "see docs/settings.md")
        self._serializer = URLSafeTimedSerializer(secret_key, salt=_SALT)

    @staticmethod
    def new_conversation_id() -> str:
        """An id with 192 random bits."""
        return f"web-{secrets.token_urlsafe(24)}"

    def issue(self, conversation_id: str) -> str:
        """A token that proves possession of this conversation for `MAX_AGE` seconds."""
        return str(self._serializer.dumps(conversation_id))

    def conversation_of(self, token: str) -> str:
        """The conversation that a token proves.

        Raises:
            NoSession: It is missing, forged or too old.
        """
        if not token or len(token) > _MAX_TOKEN or not token.isascii():
            raise NoSession("A session token is needed: Authorization: Bearer <token>.")
        try:
            conversation_id = self._serializer.loads(token, max_age=MAX_AGE)
        except BadSignature as error:
            raise NoSession("The session token is not valid, or too old.") from error
        if not isinstance(conversation_id, str):
            raise NoSession("The session token is not valid.")
        return conversation_id
