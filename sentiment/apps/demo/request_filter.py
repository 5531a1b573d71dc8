"""Refuse requests that the page does not send.

Gradio serves more than this page uses: a code editor, downloads by URL, recordings, deep links. It
also answers other sites. The filter passes only the requests of the page and of Gradio's own
client, and limits the size of each.
"""

import os
import re
from contextlib import ExitStack
from pathlib import Path

from anyio import CapacityLimiter, to_thread
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.datastructures import Headers, MutableHeaders
from starlette.formparsers import MultiPartException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sentiment.apps.demo.storage import Storage
from sentiment.apps.hosts import is_same_origin
from sentiment.errors import StorageError

MAX_UPLOAD = 10 * 2**20  # Bytes of a file.
MULTIPART_OVERHEAD = 2**16  # Bytes that an upload may have in addition to its file.
MAX_EVENT = 3 * 2**19  # Bytes of any other request: 100,000 characters take up to 12 bytes each.

FILE_ROUTE = "/gradio_api/file="
UPLOAD_ROUTE = "/gradio_api/upload"
ROUTES = re.compile(
    r"/|/config|/theme\.css|/favicon\.ico|/manifest\.json|/(assets|static)/.+|"
    r"/gradio_api/(info|startup-events|upload|upload_progress|cancel|reset|"
    r"queue/(join|data)|heartbeat/\w+)"
)
# Gradio's page consists of inline scripts and styles; the browser loads nothing from another host.
HEADERS = {
    "Content-Security-Policy": "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "frame-ancestors 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class RequestFilter:
    """ASGI middleware that refuses requests and adds security headers to responses.

    Args:
        app: the application behind the filter.
        storage: the folder whose files can be downloaded, and that uploads are stored in.
    """

    def __init__(self, app: ASGIApp, storage: Storage) -> None:
        self.app = app
        self.storage = storage
        # Uploads that wait for their space leave the other threads to the events of the page.
        self.reserving = CapacityLimiter(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        headers = Headers(scope=scope)
        refusal = self.refusal(scope["path"], scope["method"], headers)
        if refusal is not None:
            await refusal(scope, receive, send_with_headers)
        elif scope["method"] == "POST" and scope["path"] == UPLOAD_ROUTE:
            await self.store_upload(scope, receive, send_with_headers)
        else:
            await self.app(scope, receive, send_with_headers)

    def refusal(self, path: str, method: str, headers: Headers) -> PlainTextResponse | None:
        """Return the response to a request that is refused, and None for any other."""
        if "origin" in headers and not is_same_origin(headers):
            return PlainTextResponse("Requests of other sites are refused.", 403)
        if path.startswith(FILE_ROUTE):
            if not self.contains(path.removeprefix(FILE_ROUTE)):
                return PlainTextResponse("There is no such file.", 404)
        elif not ROUTES.fullmatch(path):
            return PlainTextResponse("There is no such page.", 404)
        if method == "POST":
            length = headers.get("content-length", "")
            if not length.isdecimal() or "transfer-encoding" in headers:
                return PlainTextResponse("The request needs a Content-Length header.", 411)
            limit = MAX_UPLOAD + MULTIPART_OVERHEAD if path == UPLOAD_ROUTE else MAX_EVENT
            if int(length) > limit:
                return PlainTextResponse(f"A request may have at most {limit} bytes.", 413)
        return None

    def contains(self, path: str) -> bool:
        """Return whether `path` is in the folder after links and `..` are resolved."""
        folder = self.storage.folder
        # `resolve` would send a request to the server of a path such as //server/share on Windows.
        if not Path(os.path.abspath(path)).is_relative_to(folder):
            return False
        try:
            return Path(path).resolve().is_relative_to(folder)
        except (OSError, ValueError):  # Too long, or with a null byte.
            return False

    async def store_upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an upload on if there is space for it."""
        headers = Headers(scope=scope)
        try:
            receive_file = limit_to_one_file(receive, headers.get("content-type"))
        except FormParserError as error:
            await PlainTextResponse(f"{error}.", 400)(scope, receive, send)
            return
        with ExitStack() as stack:
            space = self.storage.reserve(int(headers["content-length"]))
            try:
                await to_thread.run_sync(stack.enter_context, space, limiter=self.reserving)
            except StorageError as error:
                await PlainTextResponse(str(error), 503)(scope, receive, send)
                return
            await self.app(scope, receive_file, send)


def limit_to_one_file(receive: Receive, content_type: str | None) -> Receive:
    """Return a `receive` that raises an error if an upload has more than one part.

    Gradio accepts 1,000 files in a request. Its parser, which the error reaches, deletes them.

    Raises:
        FormParserError: the boundary between the parts is too long.
    """
    parts = 0

    def count_part() -> None:
        nonlocal parts
        parts += 1

    _, parameters = parse_options_header(content_type)
    parser = MultipartParser(parameters.get(b"boundary", b""), {"on_part_begin": count_part})

    async def receive_one_file() -> Message:
        message = await receive()
        parser.write(message.get("body", b""))
        if parts > 1:
            raise MultiPartException("Upload one file in a request.")
        return message

    return receive_one_file
