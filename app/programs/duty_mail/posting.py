"""One exchange with the mail server: over which way, how long it may take, what came of it."""

import asyncio
import socket
import ssl
from contextlib import suppress
from email.message import EmailMessage
from functools import cache
from typing import NamedTuple

import aiosmtplib
from aiosmtplib import SMTP
from aiosmtplib.errors import (
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from app.core import mail_address
from app.core.settings import SMTP_PORTS, Settings, SmtpSecurity
from app.programs.duty_mail.rules import ANSWER_WITHIN_S, EXCHANGE_WITHIN_S, LONGEST_ERROR
from app.programs.rules import is_public

GOODBYE_WITHIN_S = 2.0


class Posted(NamedTuple):
    """What came of one mail.

    Attributes:
        status: of the server's last answer (SMTP); None for none.
        error: what was wrong, in a few words; None where it was taken.
        refused: whether recipient or content were refused, and not our way in.
    """

    status: int | None
    error: str | None
    refused: bool = False


class _UnencryptedError(OSError):
    """The way would lead over the internet in the open."""


async def post(settings: Settings, to: str, message: EmailMessage) -> Posted:
    """Hand one mail to the mail server.

    Args:
        settings: with a mail server.
        to: an address that was checked.
    """
    try:
        async with asyncio.timeout(EXCHANGE_WITHIN_S):
            client = await _client(settings)
            try:
                await _connect(client, settings)
                await client.sendmail(settings.smtp_from or "", [to], bytes(message))
            except BaseException:
                client.close()
                raise
    except (SMTPException, OSError, ValueError) as error:
        return _refusal(error, to)
    await _say_goodbye(client)
    return Posted(250, None)


def _refusal(error: Exception, to: str) -> Posted:
    if isinstance(error, SMTPRecipientsRefused):
        first = error.recipients[0]
        return Posted(first.code, _answer("recipient refused", first.code, first.message, to), True)
    if isinstance(error, SMTPDataError):
        return Posted(error.code, _answer("content refused", error.code, error.message, to), True)
    if isinstance(error, SMTPAuthenticationError):
        # Its words may quote what we said.
        return Posted(error.code, f"sign-in refused: {error.code}")
    if isinstance(error, SMTPResponseException):
        return Posted(error.code, _answer("refused", error.code, error.message, to))
    return Posted(None, _in_words(error))


async def _client(settings: Settings) -> SMTP:
    """A client that is not connected yet.

    Raises:
        OSError: the host is unknown, or may not be spoken to in the open.
    """
    host, security = settings.smtp_host or "", settings.smtp_security
    port = settings.smtp_port or SMTP_PORTS[security]
    if security is SmtpSecurity.NONE:
        host = await _inner_address(host, port)
    return aiosmtplib.SMTP(
        hostname=host,
        port=port,
        use_tls=security is SmtpSecurity.TLS,
        start_tls=security is SmtpSecurity.STARTTLS,
        tls_context=None if security is SmtpSecurity.NONE else _tls(),
        local_hostname=mail_address.host_of(settings.smtp_from or ""),
        timeout=ANSWER_WITHIN_S,
    )


async def _inner_address(host: str, port: int) -> str:
    """The address of a host inside the own network; that very one is connected to."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(ANSWER_WITHIN_S):
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    if any(map(is_public, addresses)):
        raise _UnencryptedError(host)
    return addresses[0]


async def _connect(client: SMTP, settings: Settings) -> None:
    await client.connect()
    if settings.smtp_user is not None:
        await client.login(settings.smtp_user, settings.read_smtp_password() or "")


async def _say_goodbye(client: SMTP) -> None:
    """It has taken the mail: whatever comes now changes nothing."""
    with suppress(SMTPException, OSError, ValueError):
        async with asyncio.timeout(GOODBYE_WITHIN_S):
            await client.quit()
    client.close()


@cache
def _tls() -> ssl.SSLContext:
    """The machine's own certificate authorities: a city may have one of its own."""
    return ssl.create_default_context()


def _answer(what: str, code: int, words: str, to: str) -> str:
    """The server's words on one line, without the address."""
    plain = " ".join(words.replace(to, "…").split())
    printable = "".join(char for char in plain if char.isprintable())
    return f"{what}: {code} {printable}"[:LONGEST_ERROR]


def _in_words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "the mail server did not answer in time"
    if isinstance(error, _UnencryptedError):
        return "the mail server lies on the internet: MINQING_SMTP_SECURITY must not be none"
    if isinstance(error, socket.gaierror):
        return "the name of the mail server is unknown"
    if isinstance(error, ssl.SSLError):
        return f"no encrypted way to the mail server ({error.reason or type(error).__name__})"
    return f"no exchange with the mail server ({type(error).__name__})"
