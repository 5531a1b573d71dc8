"""What happens to each request before and after its route.

`RequestLog` gives it an id, logs it without its content, and counts it. `Access` checks the bearer
token and the origin. `BodyLimit` reads the body, within limits on its size and on the time.
"""

import asyncio
import hmac
import json
import logging
import re
import time
import traceback
import uuid
from collections.abc import Collection
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sentiment.apps.hosts import is_same_origin
from sentiment.apps.server.metrics import Metrics

MAX_BODY = 4 * 2**20  # Bytes of a request: 1,000 reviews have 1.3 MB.
MAX_HELD = 64 * 2**20  # Bytes of all requests in progress.
MAX_DISCARDED = 32 * 2**20  # Bytes of a refused body that are read, so that its client can.
BODY_TIMEOUT = 10  # Seconds for a body.
RETRY_AFTER = {"Retry-After": "1"}
CLOSE = {"Connection": "close"}
REQUEST_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)

log = logging.getLogger("sentiment.server")


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    """Return the response to a request that is refused."""
    return JSONResponse({"detail": detail}, status, headers)


class RequestLog:
    """Give requests an id, and log and count them.

    Args:
        app: the next application.
        metrics: what counts the requests.
        paths: paths that are logged; others may contain anything.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, paths: Collection[str]) -> None:
        self.app = app
        self.metrics = metrics
        self.paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except Exception as error:
            log_error(error, request_id)
            if not status:
                response = problem(500, "The server failed. Its log has the request id.")
                await response(scope, receive, send_with_id)
        finally:
            path = scope["path"] if scope["path"] in self.paths else "other"
            seconds = time.perf_counter() - started
            # 499: the client has closed the connection.
            self.metrics.requests.labels(path, str(status or 499)).inc()
            self.metrics.seconds.labels(path).observe(seconds)
            fields = {
                "request_id": request_id,
                "path": path,
                "status": status or 499,
                "seconds": round(seconds, 4),
            }
            log.info("request", extra={"fields": fields})


def log_error(error: Exception, request_id: str) -> None:
    """Log the class and the place of an error; its message may contain a text."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    fields = {
        "request_id": request_id,
        "error": type(error).__name__,
        "where": f"{frame.filename}:{frame.lineno}",
    }
    log.error("error", extra={"fields": fields})


class JsonFormatter(logging.Formatter):
    """Format each record as a line of JSON, without tracebacks, which may contain texts."""

    def format(self, record: logging.LogRecord) -> str:
        content: dict[str, Any] = {
            "time": round(record.created, 3),
            "level": record.levelname.lower(),
            "process": record.process,
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        return json.dumps(content)


class Access:
    """Refuse requests of other web pages, and requests without the token.

    Args:
        app: the next application.
        token: the bearer token; None: none is needed.
        public: paths that need no token.
    """

    def __init__(self, app: ASGIApp, token: str | None, public: Collection[str]) -> None:
        self.app = app
        self.token = token
        self.public = public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self.refusal(scope) if scope["type"] == "http" else None
        await (refusal or self.app)(scope, receive, send)

    def refusal(self, scope: Scope) -> Response | None:
        """Return the response to a request that is refused, and None for any other."""
        headers = Headers(scope=scope)
        if "origin" in headers and not is_same_origin(headers):
            return problem(403, "Requests of other sites are refused.", CLOSE)
        if self.token is None or scope["path"] in self.public:
            return None
        scheme, _, given = headers.get("authorization", "").partition(" ")
        # In time that does not depend on how much of the token is right.
        is_right = hmac.compare_digest(given.strip().encode(), self.token.encode())
        if scheme.lower() == "bearer" and is_right:
            return None
        return problem(401, "A bearer token is needed.", {"WWW-Authenticate": "Bearer", **CLOSE})


class BodyLimit:
    """Read the body of a request, within limits, before its route is called.

    Args:
        app: the next application.
        max_body: bytes of a body.
        max_held: bytes of the bodies of all requests in progress.
        timeout: seconds for a body.
    """

    def __init__(
        self,
        app: ASGIApp,
        max_body: int = MAX_BODY,
        max_held: int = MAX_HELD,
        timeout: float = BODY_TIMEOUT,
    ) -> None:
        self.app = app
        self.max_body = max_body
        self.max_held = max_held
        self.timeout = timeout
        self.held = 0  # Bytes.

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = bytearray()
        try:
            refusal = await self.read(body, scope, receive)
            if refusal is None:
                await self.app(scope, replay(bytes(body), receive), send)
            else:
                await refusal(scope, receive, send)
        finally:
            self.held -= len(body)

    async def read(self, body: bytearray, scope: Scope, receive: Receive) -> Response | None:
        """Fill `body`, and return the response to a request that is refused, or None."""
        too_large = problem(413, f"A request may have at most {self.max_body:,} bytes.", CLOSE)
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared) > MAX_DISCARDED:
            return too_large
        size = 0  # Of the body, with what is discarded.
        more = True
        try:
            async with asyncio.timeout(self.timeout):
                while more and size <= MAX_DISCARDED:
                    message = await receive()
                    more = message.get("more_body", False)  # Not after a disconnection.
                    chunk = message.get("body", b"")
                    size += len(chunk)
                    if size <= self.max_body and self.held + len(chunk) <= self.max_held:
                        body += chunk
                        self.held += len(chunk)
        except TimeoutError:
            return problem(408, f"A request must arrive in {self.timeout} seconds.", CLOSE)
        if size > self.max_body:
            return too_large
        if size > len(body):
            return problem(503, "Too many requests are in progress.", RETRY_AFTER)
        return None


def replay(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that returns the body of a request, and then what `receive` does."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_body() -> Message:
        return messages.pop() if messages else await receive()

    return receive_body
