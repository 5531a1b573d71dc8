"""Serve the page.

The browser loads only what this process serves, and this process sends no request to another
machine. Typed text is not written anywhere; uploaded files are in a temporary folder.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import gradio as gr
import uvicorn
from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from sentiment.apps.demo.handlers import Handlers
from sentiment.apps.demo.page import CSS, EXAMPLES, build_page, theme
from sentiment.apps.demo.request_filter import MAX_UPLOAD, RequestFilter
from sentiment.apps.demo.storage import Storage
from sentiment.apps.hosts import address_of, listening, trusted_hosts
from sentiment.errors import ConfigError
from sentiment.inference.classifier import Classifier

MAX_QUEUE = 64  # Waiting events, of up to 1.5 MiB each.
MAX_SESSIONS = 256  # Open pages with state in memory.
MAX_CONNECTIONS = 512  # An open page has two, and 1,024 open files are a common limit.
CLEANUP_INTERVAL = 300  # Seconds from one deletion of old files to the next.


@contextmanager
def serving(
    classifier: Classifier,
    host: str = "127.0.0.1",
    port: int = 7860,
    allowed_hosts: Sequence[str] = (),
) -> Iterator[str]:
    """Serve the page until the block ends.

    Gradio has no parameter for the folder of uploaded files; it reads the environment variable
    GRADIO_TEMP_DIR at each request.

    Args:
        classifier: the classifier to try.
        host: address to serve at.
        port: port to serve at.
        allowed_hosts: names and addresses in the browser's address bar by which the page may be
            opened, besides `host` and those of the loopback interface: "*" is any of them,
            "*.example.com" each subdomain. A web page that resolves another name to this server
            (DNS rebinding) is refused.

    Yields:
        The address to open in a browser.

    Raises:
        ConfigError: GRADIO_TEMP_DIR is not set, `host` and `port` cannot be bound, or a value of
            `allowed_hosts` is no host.
    """
    if "GRADIO_TEMP_DIR" not in os.environ:
        raise ConfigError(
            "GRADIO_TEMP_DIR is not set. Set it to a folder of its own for uploaded files: files "
            "in it are deleted after 45 minutes."
        )
    storage = Storage(Path(os.environ["GRADIO_TEMP_DIR"]).resolve())
    hosts = trusted_hosts(host, allowed_hosts)
    handlers = Handlers(classifier, storage)
    handlers.explain(EXAMPLES["Positive"])  # Imports Captum before the first request needs it.
    with listening(host, port) as listener:
        blocks = build_page(handlers).queue(max_size=MAX_QUEUE)
        server = uvicorn.Server(
            uvicorn.Config(
                mount(blocks, storage, hosts),
                ws="none",
                log_config=None,
                log_level="error",  # Warnings are about malformed requests.
                limit_concurrency=MAX_CONNECTIONS,
                timeout_graceful_shutdown=1,
            )
        )
        stopped = Event()
        threads = [
            Thread(target=server.run, args=([listener],), daemon=True),
            Thread(target=delete_old_files, args=(storage, blocks, stopped), daemon=True),
        ]
        for thread in threads:
            thread.start()
        try:
            yield address_of(host, port)
        finally:
            stopped.set()
            blocks.close(verbose=False)  # Ends the open streams of the pages.
            server.should_exit = True
            for thread in threads:
                thread.join(timeout=5)


def mount(blocks: gr.Blocks, storage: Storage, hosts: Sequence[str]) -> FastAPI:
    """Return the application of a page.

    The middleware is that of a parent application: in the application that `launch` creates, it
    would come after Gradio's middleware, which allows requests of other sites.
    """
    blocks.state_session_capacity = MAX_SESSIONS
    middleware = [
        Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False),
        Middleware(RequestFilter, storage=storage),
    ]
    app = FastAPI(middleware=middleware, openapi_url=None)
    gr.mount_gradio_app(
        app,
        blocks,
        "/",
        app_kwargs={"openapi_url": None},
        max_file_size=MAX_UPLOAD,
        theme=theme(),
        css=CSS,
        show_error=False,
        mcp_server=False,
        ssr_mode=False,
        pwa=False,
        enable_monitoring=False,
        run_history=False,
        footer_links=[],
    )
    return app


def delete_old_files(storage: Storage, blocks: gr.Blocks, stopped: Event) -> None:
    """Delete old files regularly, until `stopped` is set."""
    while not stopped.wait(CLEANUP_INTERVAL):
        storage.delete_old_files()
        for paths in blocks.temp_file_sets:  # Those that Gradio would delete if it were told to.
            paths.clear()
