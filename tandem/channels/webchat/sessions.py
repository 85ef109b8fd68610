"""Session tokens: what a browser shows to read and write a conversation."""
from __future__ import annotations

import secrets

from itsdangerous import BadSignature, URLSafeTimedSerializer

from tandem.channels.webchat.http import NoSession
from tandem.conversations.sessions import SessionClaim
from tandem.settings import SettingsError

MAX_AGE = 90 * 24 * 3600  # seconds after which a browser that never came back has lost its conversation
_MAX_TOKEN = 512  # characters
_SALT = "tandem.webchat.session"


class SessionTokens:
    """Makes and reads session tokens.

    A token is the conversation's id and its generation with the time of issue and an HMAC over all three. The id alone
    is neither enough to read nor to write: agents, logs and the tracker know it too. Whether the conversation still
    stands at that generation is for the ledger to say (`tandem.conversations.sessions`).
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
        """Make an id with 192 random bits."""
        return f"web-{secrets.token_urlsafe(24)}"

    def issue(self, conversation_id: str, generation: int) -> str:
        """Issue a token that opens this conversation for `MAX_AGE` seconds, as long as it is at this generation."""
        return str(self._serializer.dumps([conversation_id, generation]))

    def read(self, token: str) -> SessionClaim:
        """Read what a token says. Tokens of versions before generations carry the id alone.

        Raises:
            NoSession: It is missing, forged or too old.
        """
        if not token or len(token) > _MAX_TOKEN or not token.isascii():
            raise NoSession("A session token is needed: Authorization: Bearer <token>.")
        try:
            said = self._serializer.loads(token, max_age=MAX_AGE)
        except BadSignature as error:
            raise NoSession("The session token is not valid, or too old.") from error
        if isinstance(said, str):
            return SessionClaim(said, None)
        if isinstance(said, list) and len(said) == 2 and isinstance(said[0], str) and type(said[1]) is int:
            return SessionClaim(said[0], said[1])
        raise NoSession("The session token is not valid.")
