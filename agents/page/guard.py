"""Who may talk to the page's server: browsers on its own page, on this machine unless a token says otherwise.

* The Host header must be one that the server is known by, so that no other site's name can be pointed at it (DNS rebinding).
* What changes something, and every socket, must come from the page itself: its Origin header says so. Of what is only read, browsers say
  which site asks (Sec-Fetch-Site): another one would make the server work.
* A server that listens beyond this machine wants a token, once, in the address; a cookie carries it from then on.
* Browsers load scripts, styles and pictures from the server alone, and run nothing that stands in the page itself.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

COOKIE = "timebank"  # with the port behind it
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
MOST_BYTES = 1 << 20  # of a request's body: a lock that says what each hand of a flop plays takes 90,000


def loopback(host: str) -> bool:
    """Say whether a host is this machine alone."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Guard:
    """A layer around the server.

    Args:
        app: that is guarded.
        token: that a server beyond this machine wants; None lets everybody in who is on it.
    """

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self.app, self.token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refused = self._refusal(scope, headers)
        if refused is not None:
            answer = WebSocketClose(4403, refused) if scope["type"] == "websocket" else JSONResponse({"error": refused}, 403, HEADERS)
            await answer(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    sent[name] = value
                if self.token is not None and _asked(scope) == self.token:
                    sent.append("Set-Cookie", f"{_cookie_name(headers)}={self.token}; Path=/; HttpOnly; SameSite=Strict")
            await send(message)

        await self.app(scope, receive, guarded)

    def _refusal(self, scope: Scope, headers: Headers) -> str | None:
        """Return why a request is refused; None where it is not."""
        host = headers.get("host", "")
        if self.token is None and not loopback(re.sub(r":\d+$", "", host)):
            return "Host must be this machine's own, such as 127.0.0.1, got another one"
        changes = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD")
        if changes and headers.get("origin", "") not in (f"http://{host}", f"https://{host}"):
            return "Origin must be the page's own, got another one"
        if scope["path"].startswith("/api/") and headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return "Sec-Fetch-Site must be the page's own, got another one"
        if scope["type"] == "http" and not 0 <= _length(headers) <= MOST_BYTES:
            return f"a request must have at most {MOST_BYTES} bytes of known length, got more"
        if self.token is not None and not any(
            hmac.compare_digest(given.encode(), self.token.encode()) for given in (_asked(scope), _cookie(headers))
        ):
            return "a token must be in the address (?token=..., as the server printed it), got none or another one"
        return None


def _asked(scope: Scope) -> str:
    query: bytes = scope["query_string"]
    return parse_qs(query.decode("latin-1")).get("token", [""])[0]


def _cookie(headers: Mapping[str, str]) -> str:
    pairs = (part.strip().partition("=") for part in headers.get("cookie", "").split(";"))
    return next((value for name, _, value in pairs if name == _cookie_name(headers)), "")


def _cookie_name(headers: Mapping[str, str]) -> str:
    """Return the cookie's name at a port: servers of one host share their cookies."""
    port = re.search(r":([0-9]+)$", headers.get("host", ""))
    return f"{COOKIE}_{port[1]}" if port else COOKIE


def _length(headers: Mapping[str, str]) -> int:
    """Return the bytes of a request's body; -1 where it does not say."""
    text = headers.get("content-length", "0")
    return int(text) if "transfer-encoding" not in headers and re.fullmatch("[0-9]{1,9}", text) else -1
