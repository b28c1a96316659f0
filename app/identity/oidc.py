"""Signing in at a city's own provider: OpenID Connect, authorization code with PKCE.

What is taken from the provider is one claim of the ID token, which must be the name of an account
that exists; nothing of it is kept. Who asked is known by a cookie that holds state, nonce and
verifier, so that strangers who begin and never finish leave nothing here.
"""

import base64
import hmac
import json
import secrets
import threading
import time
from dataclasses import asdict, dataclass
from typing import Any, Self

import httpx
import structlog
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from app.core.settings import Settings
from app.identity import rules

log = structlog.get_logger()

CALLBACK = "/api/v1/session/oidc/callback"
ATTEMPT_S = 600
KNOWN_S = 3_600.0
ANSWER_WITHIN_S = 5.0
LEEWAY_S = 60
# Signed by a key that only the provider has; never by the secret that both share, never by none.
ALGORITHMS = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519",
]  # fmt: skip


class OidcError(Exception):
    """Why nobody was signed in: one of the words that the page knows (`oidc=` in its address)."""

    def __init__(self, word: str, reason: str) -> None:
        super().__init__(reason)
        self.word = word


@dataclass(frozen=True)
class Attempt:
    """What one browser is doing: kept with it alone, for ten minutes."""

    state: str
    nonce: str
    verifier: str
    began_s: int

    @classmethod
    def new(cls) -> Self:
        """A fresh one."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        return cls(state, nonce, verifier, int(time.time()))

    def to_cookie(self) -> str:
        """As a cookie's value."""
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode().rstrip("=")

    @classmethod
    def from_cookie(cls, value: str | None, state: str, now_s: float) -> Self:
        """The attempt that a browser brings back with the provider's answer.

        Raises:
            OidcError: `expired`: there is none, it is too old, or the answer is to another one.
        """
        try:
            padded = (value or "") + "=" * (-len(value or "") % 4)
            attempt = cls(**json.loads(base64.urlsafe_b64decode(padded)))
            is_ours = hmac.compare_digest(attempt.state.encode(), state.encode())
            is_fresh = 0 <= now_s - attempt.began_s <= ATTEMPT_S
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise OidcError("expired", "no attempt in the cookie") from error
        if not (is_ours and is_fresh):
            raise OidcError("expired", "the answer belongs to another attempt, or came too late")
        return attempt


class Provider:
    """The provider that the settings name, and what it says of itself."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._known: tuple[float, dict[str, Any], KeySet] | None = None
        self._secret = settings.read_oidc_secret()

    @property
    def name(self) -> str | None:
        """How the page calls it; None where there is none."""
        if self._settings.oidc_issuer is None:
            return None
        return self._settings.oidc_name or httpx.URL(self._settings.oidc_issuer).host

    @property
    def scope(self) -> str:
        """What is asked for: no more than where the claim is."""
        return "openid" if self._settings.oidc_claim == "sub" else "openid profile"

    def address(self, attempt: Attempt, callback: str) -> str:
        """Where the browser is sent to sign in.

        Raises:
            OidcError: `unavailable`.
        """
        metadata, _ = self._metadata()
        address: str = prepare_grant_uri(
            metadata["authorization_endpoint"], client_id=self._settings.oidc_client_id,
            response_type="code", redirect_uri=callback, scope=self.scope, state=attempt.state,
            nonce=attempt.nonce, code_challenge=create_s256_code_challenge(attempt.verifier),
            code_challenge_method="S256",
        )  # fmt: skip
        return address

    def account_name(self, attempt: Attempt, code: str, callback: str) -> str:
        """The name of the account that the provider vouches for.

        Raises:
            OidcError: `unavailable`; `refused` where its answer does not hold; `no-account`.
        """
        metadata, keys = self._metadata()
        token = self._exchange(metadata, attempt, code, callback)
        try:
            decoded = jwt.decode(str(token.get("id_token")), keys, algorithms=ALGORITHMS)
            claims = CodeIDToken(
                decoded.claims, decoded.header,
                {
                    "iss": {"essential": True, "value": metadata["issuer"]},
                    "aud": {"essential": True, "value": self._settings.oidc_client_id},
                },
                {
                    "nonce": attempt.nonce, "client_id": self._settings.oidc_client_id,
                    "access_token": token.get("access_token"),
                },
            )  # fmt: skip
            claims.validate(leeway=LEEWAY_S)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            # Perhaps signed by a newer key: whoever tries again finds it.
            self._known = None
            raise OidcError("refused", f"ID token: {type(error).__name__}") from error
        name = claims.get(self._settings.oidc_claim)
        if not isinstance(name, str) or not rules.is_account_name(name):
            raise OidcError("no-account", f"no {self._settings.oidc_claim} that names an account")
        return name

    def _exchange(
        self, metadata: dict[str, Any], attempt: Attempt, code: str, callback: str
    ) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": callback,
            "code_verifier": attempt.verifier, "client_id": str(self._settings.oidc_client_id),
        }  # fmt: skip
        ways = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        auth = None
        if self._secret is not None and "client_secret_basic" in ways:
            auth = httpx.BasicAuth(str(self._settings.oidc_client_id), self._secret)
        elif self._secret is not None:
            form["client_secret"] = self._secret
        try:
            answer = httpx.post(
                metadata["token_endpoint"], data=form, auth=auth, timeout=ANSWER_WITHIN_S
            )
            body = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise OidcError("unavailable", f"token: {type(error).__name__}") from error
        if not answer.is_success or not isinstance(body, dict):
            raise OidcError("refused", f"token: {answer.status_code}")
        return body

    def _metadata(self) -> tuple[dict[str, Any], KeySet]:
        with self._lock:
            if self._known is None or self._known[0] < time.monotonic():
                self._known = (time.monotonic() + KNOWN_S, *self._discover())
            return self._known[1:]

    def _discover(self) -> tuple[dict[str, Any], KeySet]:
        issuer = str(self._settings.oidc_issuer)
        try:
            metadata = _get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
            if metadata["issuer"] != issuer:
                raise OidcError("unavailable", f"it calls itself {metadata['issuer']!r}")
            for endpoint in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                if issuer.startswith("https:") and not metadata[endpoint].startswith("https:"):
                    raise OidcError("unavailable", f"{endpoint} is not https")
            return metadata, KeySet.import_key_set(_get(metadata["jwks_uri"]))  # type: ignore[arg-type]
        except (httpx.HTTPError, JoseError, ValueError, KeyError, TypeError) as error:
            raise OidcError("unavailable", f"discovery: {type(error).__name__}") from error


def _get(address: str) -> dict[str, Any]:
    answer = httpx.get(address, timeout=ANSWER_WITHIN_S)
    answer.raise_for_status()
    body: dict[str, Any] = answer.json()
    return body
