"""A request to the page in, the same request or a refusal out.

gradio serves more than this page needs: an editor of its code, fetching by URL, recordings, deep
links. Only what the page and gradio's own client ask for passes here.
"""

import re
import time
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_UPLOAD = 10 * 2**20  # Bytes of a file.
MAX_STORED = 2**30  # Bytes of all files together.
KEPT = 2700  # Seconds that a file may be downloaded.
FRAME = 2**16  # Bytes that a request may have around its file.

FILE = "/gradio_api/file="
UPLOAD = "/gradio_api/upload"
ROUTES = re.compile(
    r"/|/config|/theme\.css|/favicon\.ico|/manifest\.json|/(assets|static)/.+|"
    r"/gradio_api/(info|startup-events|upload|upload_progress|cancel|reset|"
    r"queue/(join|data)|heartbeat/\w+)"
)
# The browser keeps to this too. gradio's page is built of inline scripts and styles.
HEADERS = {
    "Content-Security-Policy": "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "frame-ancestors 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Gate:
    """ASGI middleware before an `app` whose files lie in `folder`."""

    def __init__(self, app: ASGIApp, folder: Path) -> None:
        self.app = app
        self.folder = folder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        refusal = self.refusal(scope["path"], scope["method"], Headers(scope=scope))
        await (refusal or self.app)(scope, receive, answer)

    def refusal(self, path: str, method: str, headers: Headers) -> PlainTextResponse | None:
        """Why a request is not let in, if it is not."""
        if path.startswith(FILE):
            if not self.holds(path.removeprefix(FILE)):
                return PlainTextResponse("There is no such file.", 404)
        elif not ROUTES.fullmatch(path):
            return PlainTextResponse("There is no such page.", 404)
        if method == "POST":
            length = headers.get("content-length", "")
            if not length.isdecimal():
                return PlainTextResponse("The length of the request must be given.", 411)
            if int(length) > MAX_UPLOAD + FRAME:
                return PlainTextResponse(f"At most {MAX_UPLOAD} bytes.", 413)
            if path == UPLOAD and tidy(self.folder) + int(length) > MAX_STORED:
                return PlainTextResponse("Too many files are kept. Try again later.", 503)
        return None

    def holds(self, path: str) -> bool:
        """Whether `path` leads into the folder, links and `..` followed."""
        try:
            return Path(path).resolve().is_relative_to(self.folder)
        except (OSError, ValueError):  # Too long, or with a null byte.
            return False


def tidy(folder: Path) -> int:
    """Delete the files in `folder` that are older than `KEPT`; the bytes of those that stay."""
    stored = 0
    for path in folder.rglob("*"):
        try:
            status = path.stat()
            if not path.is_file():
                continue
            if status.st_mtime < time.time() - KEPT:
                path.unlink()
            else:
                stored += status.st_size
        except FileNotFoundError:  # Another request was faster.
            continue
    return stored
