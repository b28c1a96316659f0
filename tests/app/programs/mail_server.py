"""A mail server (aiosmtpd) as a process of its own.

`python mail_server.py PORT FOLDER [CERTIFICATE KEY]`: what it does stands in FOLDER/mode (`ok`,
`later`, `unknown`, `content`, `hang`, `die`); what it was handed it writes to FOLDER/taken, a line
of JSON each. With a certificate it wants STARTTLS and a sign-in (desk, secret).
"""

import asyncio
import json
import os
import ssl
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult

PORT, FOLDER = int(sys.argv[1]), Path(sys.argv[2])
REFUSALS = {"later": "451 4.3.0 come again", "unknown": "550 5.1.1 no mailbox here:"}
# Longer than a sender waits.
TOO_LONG_S = 60


def mode():
    """What it does just now."""
    return (FOLDER / "mode").read_text().strip()


def sign_in(server, session, envelope, mechanism, data):
    """Whether that is the one account."""
    is_known = (data.login, data.password) == (b"desk", b"secret")
    return AuthResult(success=is_known, handled=False)


class Handler:
    """Takes what comes, or does not."""

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        """A recipient."""
        if mode() in REFUSALS:
            return f"{REFUSALS[mode()]} {address}"
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        """A whole mail."""
        line = {
            "mode": mode(),
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "is_encrypted": session.ssl is not None,
            "raw": envelope.content.decode(),
        }
        with (FOLDER / "taken").open("a") as taken:
            taken.write(json.dumps(line) + "\n")
        if mode() == "hang":
            await asyncio.sleep(TOO_LONG_S)
        if mode() == "die":
            os._exit(1)
        return "554 5.6.0 not that" if mode() == "content" else "250 taken"


def server():
    """One connection."""
    if len(sys.argv) < 5:
        return SMTP(Handler())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    return SMTP(
        Handler(),
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=sign_in,
    )


async def serve():
    """Until killed."""
    listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", PORT)
    await listening.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
