"""Who the customer is, when the channel vouches for it: a signed token, or nobody."""
from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import jwt

from tandem.conversations.model import Identity

logger = logging.getLogger(__name__)

MAX_TOKEN = 4096  # characters


def read_identity(token: Any, secret: str) -> Identity | None:
    """Read the identity from a JWT (HS256; claims `sub`, `email`, `exp`, optionally `name`); None if it is not valid.

    A token that is missing, bad or expired is no identity; the log says why, the customer never sees an error.
    """
    if not token:
        return None
    if not secret:
        logger.warning("An identity token came, but TANDEM_IDENTITY_SECRET is not set; the customer stays unknown")
        return None
    if not isinstance(token, str) or len(token) > MAX_TOKEN:
        logger.warning("An identity token was not a text of at most %d characters", MAX_TOKEN)
        return None
    try:
        claims: Mapping[str, Any] = jwt.decode(
            token, secret, algorithms=["HS256"], options={"require": ["sub", "email", "exp"]}
        )
    except (jwt.InvalidTokenError, ValueError) as error:
        logger.warning("An identity token was refused: %s", error)
        return None
    subject, email, name = claims["sub"], claims["email"], claims.get("name", "")
    usable = all(isinstance(value, str) and value.strip() and value.isprintable() for value in (subject, email))
    if not usable or "@" not in email or len(email) > 254:
        logger.warning("An identity token carries no usable sub and email")
        return None
    try:
        expires_at = datetime.fromtimestamp(int(claims["exp"]), timezone.utc)
    except (OverflowError, ValueError, OSError):
        logger.warning("An identity token names no usable end")
        return None
    return Identity(subject[:255], email.strip().lower(), str(name or "")[:120], expires_at=expires_at)
