"""A program that takes webhooks, as a process of its own, written from docs/programs.md alone.

`python receiver.py PORT FOLDER`: what it does stands in FOLDER/mode (`ok`, `500`, `422`,
`redirect`, `hang`, `late`, `flood`), the secrets that it accepts in FOLDER/secrets, a line each;
what it was sent it writes to FOLDER/taken, a line of JSON each, and whether a signature fits.
"""

import base64
import hashlib
import hmac
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FOLDER = Path(sys.argv[2])
# Longer than a sender waits.
TOO_LONG_S = 12


def fits(secret, headers, body):
    """Whether a body was signed with a secret."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    made = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = [part.partition(",")[2] for part in headers["webhook-signature"].split()]
    return any(hmac.compare_digest(made, one) for one in given)


class Receiver(BaseHTTPRequestHandler):
    """Takes what comes."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        """One event."""
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        mode = (FOLDER / "mode").read_text().strip()
        secrets = (FOLDER / "secrets").read_text().split()
        line = {
            "path": self.path,
            "mode": mode,
            "id": self.headers["webhook-id"],
            "fits": any(fits(secret, self.headers, body) for secret in secrets),
            "recent": abs(time.time() - int(self.headers["webhook-timestamp"])) < 60,
            "headers": dict(self.headers),
            "body": body.decode(),
        }
        with (FOLDER / "taken").open("a") as taken:
            taken.write(json.dumps(line) + "\n")
        if mode in ("hang", "late"):
            time.sleep(TOO_LONG_S)
        self._answer(mode)

    def do_GET(self):
        """Whoever followed a redirect."""
        self.do_POST()

    def _answer(self, mode):
        answer = b"x" * 10_000_000 if mode == "flood" else b""
        self.send_response({"500": 500, "422": 422, "redirect": 302}.get(mode, 200))
        if mode == "redirect":
            self.send_header("Location", f"http://127.0.0.1:{sys.argv[1]}/inward")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        """Say nothing."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
