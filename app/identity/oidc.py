"""Signing in at a city's own provider: OpenID Connect, authorization code with PKCE.

An account is found by the subject of the ID token (`sub`), of which a hash is kept with it
(`subjects`); how it came to be linked: `linking`. Who asked is known by a cookie that holds state,
nonce and verifier, so that strangers who begin and never finish leave nothing here.

A provider that does not answer holds up nobody but who waits for it: no thread, five seconds in
all, and for half a minute afterwards whoever comes is told so at once.
"""

import asyncio
import base64
import hmac
import json
import math
import secrets
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
from app.identity.subjects import MOST_SUBJECT_CHARS, Vouched, subject_hash

log = structlog.get_logger()

CALLBACK = "/api/v1/session/oidc/callback"
ATTEMPT_S = 600
KNOWN_S = 3_600.0
ANSWER_WITHIN_S = 5.0
"""All that is asked of the provider for one request."""
FAILED_FOR_S = 30.0
MOST_EXCHANGES = 20
"""Codes that are being exchanged at once."""
LEEWAY_S = 60
FRESH_S = 120
"""So long ago, leeway and the way back included, somebody may have signed in there who steps up:
by our clock, never by what their browser brings."""
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
    step_up: bool = False

    @classmethod
    def new(cls, *, step_up: bool = False) -> Self:
        """A fresh one.

        Args:
            step_up: of somebody who is signed in, and has to show once more that it is them.
        """
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        return cls(state, nonce, verifier, int(time.time()), step_up)

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
    """The provider that the settings name, and what it says of itself. For one event loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: tuple[float, dict[str, Any], KeySet] | None = None
        self._failed_until_s = 0.0
        self._fetching: asyncio.Task[None] | None = None
        self._exchanging = 0
        self._secret = settings.read_oidc_secret()
        # Made once: it takes tens of milliseconds.
        self._tls = httpx.create_ssl_context() if settings.oidc_issuer else None

    @property
    def name(self) -> str | None:
        """How the page calls it; None where there is none."""
        if self._settings.oidc_issuer is None:
            return None
        return self._settings.oidc_name or httpx.URL(self._settings.oidc_issuer).host

    @property
    def scope(self) -> str:
        """What is asked for: no more than where the claim is."""
        return "openid profile" if self._asks_for_names else "openid"

    @property
    def _asks_for_names(self) -> bool:
        return self._settings.oidc_link_by_claim and self._settings.oidc_claim != "sub"

    def close(self) -> None:
        """Wait no longer: the server is about to stop."""
        self._failed_until_s = math.inf
        if self._fetching is not None:
            self._fetching.cancel()

    async def address(self, attempt: Attempt, callback: str) -> str:
        """Where the browser is sent to sign in.

        Raises:
            OidcError: `unavailable`.
        """
        metadata, _ = await self._metadata()
        anew = {"prompt": "login", "max_age": "0"} if attempt.step_up else {}
        address: str = prepare_grant_uri(
            metadata["authorization_endpoint"], client_id=self._settings.oidc_client_id,
            response_type="code", redirect_uri=callback, scope=self.scope, state=attempt.state,
            nonce=attempt.nonce, code_challenge=create_s256_code_challenge(attempt.verifier),
            code_challenge_method="S256", **anew,
        )  # fmt: skip
        return address

    async def vouched(self, attempt: Attempt, code: str, callback: str) -> Vouched:
        """For whom the provider vouches.

        Raises:
            OidcError: `unavailable`; `refused` where its answer does not hold.
        """
        if self._exchanging >= MOST_EXCHANGES:
            raise OidcError("unavailable", "too many codes at once")
        self._exchanging += 1
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                metadata, keys = await self._metadata()
                token = await self._exchange(metadata, attempt, code, callback)
        except TimeoutError as error:
            self._fail()
            raise OidcError("unavailable", "it takes too long") from error
        finally:
            self._exchanging -= 1
        return self._read(metadata, keys, attempt, token)

    def _read(
        self, metadata: dict[str, Any], keys: KeySet, attempt: Attempt, token: dict[str, Any]
    ) -> Vouched:
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
        subject, name = claims.get("sub"), claims.get(self._settings.oidc_claim)
        if not isinstance(subject, str) or not 0 < len(subject) <= MOST_SUBJECT_CHARS:
            raise OidcError("refused", "ID token: no subject")
        may_name = isinstance(name, str) and rules.is_account_name(name)
        return Vouched(
            subject_hash(str(self._settings.oidc_issuer), subject),
            str(name) if may_name else None,
            _is_fresh(claims.get("auth_time"), time.time()),
        )

    async def _exchange(
        self, metadata: dict[str, Any], attempt: Attempt, code: str, callback: str
    ) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": callback,
            "code_verifier": attempt.verifier, "client_id": str(self._settings.oidc_client_id),
        }  # fmt: skip
        ways = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        auth = httpx.Auth()  # none: a client without a secret
        if self._secret is not None and "client_secret_basic" in ways:
            auth = httpx.BasicAuth(str(self._settings.oidc_client_id), self._secret)
        elif self._secret is not None:
            form["client_secret"] = self._secret
        try:
            async with self._client() as client:
                answer = await client.post(metadata["token_endpoint"], data=form, auth=auth)
            body = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            self._fail()
            raise OidcError("unavailable", f"token: {type(error).__name__}") from error
        if not answer.is_success or not isinstance(body, dict):
            raise OidcError("refused", f"token: {answer.status_code}")
        return body

    async def _metadata(self) -> tuple[dict[str, Any], KeySet]:
        """What the provider says of itself: asked by one, for all who wait for it."""
        if time.monotonic() < self._failed_until_s:
            raise OidcError("unavailable", "it did not answer a moment ago")
        if self._known is None or self._known[0] < time.monotonic():
            if self._fetching is None:
                self._fetching = asyncio.create_task(self._fetch())
            await asyncio.shield(self._fetching)
        if self._known is None:
            raise OidcError("unavailable", "it does not answer")
        return self._known[1:]

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                found = await self._discover()
            self._known = (time.monotonic() + KNOWN_S, *found)
        except (OidcError, TimeoutError, asyncio.CancelledError) as error:
            # Also where the server is about to stop (`close`): those who wait for it are answered.
            log.warning("the provider cannot be asked", reason=str(error) or type(error).__name__)
            self._known = None
            self._fail()
        finally:
            self._fetching = None

    def _fail(self) -> None:
        self._failed_until_s = max(self._failed_until_s, time.monotonic() + FAILED_FOR_S)

    async def _discover(self) -> tuple[dict[str, Any], KeySet]:
        issuer = str(self._settings.oidc_issuer)
        try:
            async with self._client() as client:
                metadata = await _get(
                    client, f"{issuer.rstrip('/')}/.well-known/openid-configuration"
                )
                if metadata["issuer"] != issuer:
                    raise OidcError("unavailable", f"it calls itself {metadata['issuer']!r}")
                for endpoint in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                    if issuer.startswith("https:") and not metadata[endpoint].startswith("https:"):
                        raise OidcError("unavailable", f"{endpoint} is not https")
                keys = await _get(client, metadata["jwks_uri"])
            return metadata, KeySet.import_key_set(keys)  # type: ignore[arg-type]
        except (httpx.HTTPError, JoseError, ValueError, KeyError, TypeError) as error:
            raise OidcError("unavailable", f"discovery: {type(error).__name__}") from error

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(timeout=ANSWER_WITHIN_S, verify=self._tls or True)


def _is_fresh(auth_time: object, now_s: float) -> bool:
    """Whether somebody signed in at the provider just now; not where it does not say when."""
    if isinstance(auth_time, bool) or not isinstance(auth_time, int | float):
        return False
    return -LEEWAY_S <= now_s - auth_time <= FRESH_S


async def _get(client: httpx.AsyncClient, address: str) -> dict[str, Any]:
    answer = await client.get(address)
    answer.raise_for_status()
    body: dict[str, Any] = answer.json()
    return body
