"""Refuse requests that the page does not need.

Gradio serves more than this page uses: a code editor, downloads by URL, recordings, deep links. The
filter passes only the requests of the page and of Gradio's own client.
"""

import re
import time
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_UPLOAD = 10 * 2**20  # Bytes of a file.
MAX_STORED = 2**30  # Bytes of all files together.
MAX_AGE = 2700  # Seconds that a file can be downloaded.
MULTIPART_OVERHEAD = 2**16  # Bytes that a request may have in addition to its file.

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
        folder: resolved path of the folder whose files can be downloaded.
    """

    def __init__(self, app: ASGIApp, folder: Path) -> None:
        self.app = app
        self.folder = folder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        refusal = self.refusal(scope["path"], scope["method"], Headers(scope=scope))
        await (refusal or self.app)(scope, receive, send_with_headers)

    def refusal(self, path: str, method: str, headers: Headers) -> PlainTextResponse | None:
        """Return the response to a request that is refused, and None for any other."""
        if path.startswith(FILE_ROUTE):
            if not self.contains(path.removeprefix(FILE_ROUTE)):
                return PlainTextResponse("There is no such file.", 404)
        elif not ROUTES.fullmatch(path):
            return PlainTextResponse("There is no such page.", 404)
        if method == "POST":
            length = headers.get("content-length", "")
            if not length.isdecimal():
                return PlainTextResponse("The request needs a Content-Length header.", 411)
            if int(length) > MAX_UPLOAD + MULTIPART_OVERHEAD:
                return PlainTextResponse(f"A request may have at most {MAX_UPLOAD} bytes.", 413)
            if path == UPLOAD_ROUTE and delete_old_files(self.folder) + int(length) > MAX_STORED:
                return PlainTextResponse("Too many files are stored. Try again later.", 503)
        return None

    def contains(self, path: str) -> bool:
        """Return whether `path` is in the folder after links and `..` are resolved."""
        try:
            return Path(path).resolve().is_relative_to(self.folder)
        except (OSError, ValueError):  # Too long, or with a null byte.
            return False


def delete_old_files(folder: Path) -> int:
    """Delete the files in `folder` that are older than `MAX_AGE`; return the bytes of the rest."""
    stored = 0
    for path in folder.rglob("*"):
        try:
            status = path.stat()
            if not path.is_file():
                continue
            if status.st_mtime < time.time() - MAX_AGE:
                path.unlink()
            else:
                stored += status.st_size
        except FileNotFoundError:  # A concurrent request has deleted it.
            continue
    return stored
