"""E-mails over SMTP: off unless TANDEM_SMTP_URL is set."""
from __future__ import annotations

import smtplib
import ssl
from contextlib import closing
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from urllib.parse import unquote, urlsplit

from tandem.db.engine import now
from tandem.settings import Settings

SECONDS = 15.0  # for each step of an exchange
_ENCRYPTED, _UPGRADED = "smtps", "smtp"
_PORTS = {_ENCRYPTED: 465, _UPGRADED: 587}
_LOCAL = ("127.0.0.1", "localhost", "::1")


class MailFailed(Exception):
    """An e-mail was not taken; the text says why, without a password.

    Attributes:
        final: The server will never take it.
        maybe_sent: It was handed over, and the answer did not come.
    """

    def __init__(self, why: str, final: bool = False, maybe_sent: bool = False) -> None:
        super().__init__(why)
        self.final = final
        self.maybe_sent = maybe_sent


@dataclass(frozen=True)
class Mailer:
    """Sends plain texts, from one address; blocking."""

    url: str
    sender: str

    @classmethod
    def of(cls, settings: Settings) -> Mailer | None:
        """Return the mailer that the settings describe; None where e-mail is off."""
        return cls(settings.smtp_url, settings.mail_from) if settings.smtp_url else None

    def send(self, address: str, subject: str, text: str, number: int) -> None:
        """Send one e-mail; `number` is the same for every try.

        Raises:
            MailFailed: It was not taken, or nobody knows.
        """
        message = EmailMessage()
        try:
            message["From"], message["To"] = self.sender, Address(addr_spec=address)
            message["Subject"] = " ".join(subject.split())
        except (ValueError, IndexError) as error:  # what stands on an order need not be an address
            raise MailFailed(f"the address cannot be written to: {type(error).__name__}", final=True) from None
        message["Date"] = format_datetime(now())
        message["Message-ID"] = make_msgid(f"order-update-{number}", self.sender.rpartition("@")[2] or "localhost")
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        handed_over = False
        try:
            with closing(self._connected()) as server:  # what comes of a farewell would say nothing about the e-mail
                code, answer = server.mail(self.sender)
                if code == 250:
                    code, answer = server.rcpt(address)
                if code not in (250, 251):
                    raise MailFailed(_words(code, answer), final=code >= 500)
                handed_over = True
                code, answer = server.data(message.as_bytes(policy=message.policy.clone(linesep="\r\n")))
                if code != 250:
                    raise MailFailed(_words(code, answer), final=code >= 500)
        except smtplib.SMTPResponseException as error:
            raise MailFailed(_words(error.smtp_code, error.smtp_error)) from None
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise MailFailed(type(error).__name__, maybe_sent=handed_over) from None

    def check(self) -> None:
        """See whether the server answers and takes the password.

        Raises:
            MailFailed: It does not.
        """
        try:
            with closing(self._connected()) as server:
                server.noop()
        except smtplib.SMTPResponseException as error:
            raise MailFailed(_words(error.smtp_code, error.smtp_error)) from None
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise MailFailed(type(error).__name__) from None

    def _connected(self) -> smtplib.SMTP:
        """Open a connection, encrypted but on this machine."""
        found = urlsplit(self.url)
        host, port = found.hostname or "", found.port or _PORTS[found.scheme]
        context = ssl.create_default_context()
        if found.scheme == _ENCRYPTED:
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=SECONDS)
        try:
            server.ehlo_or_helo_if_needed()
            if found.scheme == _UPGRADED and (host not in _LOCAL or server.has_extn("starttls")):
                server.starttls(context=context)
                server.ehlo()
            if found.username:
                server.login(unquote(found.username), unquote(found.password or ""))
        except BaseException:
            server.close()
            raise
        return server


def _words(code: int, answer: bytes | str) -> str:
    told = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
    return f"{code} {told}"[:200]
