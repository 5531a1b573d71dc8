"""Serve the page.

The browser loads only what this process serves, and this process sends no request to another
machine. Typed text is not written anywhere; uploaded files are in a temporary folder.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.middleware import Middleware

from sentiment.apps.demo.handlers import Handlers
from sentiment.apps.demo.page import CSS, EXAMPLES, build_page, theme
from sentiment.apps.demo.request_filter import MAX_UPLOAD, RequestFilter
from sentiment.errors import ConfigError
from sentiment.inference.classifier import Classifier

MAX_QUEUE = 256  # Waiting requests.
MAX_SESSIONS = 256  # Open pages with state in memory.


@contextmanager
def serving(classifier: Classifier, host: str = "127.0.0.1", port: int = 7860) -> Iterator[str]:
    """Serve the page until the block ends.

    Gradio has no parameter for the folder of uploaded files; it reads the environment variable
    GRADIO_TEMP_DIR at each request. If the environment names an HTTP proxy, NO_PROXY must exempt
    `host`, because Gradio checks with a request that it has started.

    Yields:
        The address to open in a browser.

    Raises:
        ConfigError: GRADIO_TEMP_DIR is not set, or `host` and `port` cannot be bound.
    """
    if "GRADIO_TEMP_DIR" not in os.environ:
        raise ConfigError(
            "GRADIO_TEMP_DIR is not set. Set it to a folder of its own for uploaded files: files "
            "in it are deleted after 45 minutes."
        )
    folder = Path(os.environ["GRADIO_TEMP_DIR"]).resolve()
    handlers = Handlers(classifier, folder)
    handlers.explain(EXAMPLES["Positive"])  # Imports Captum before the first request needs it.
    blocks = build_page(handlers).queue(max_size=MAX_QUEUE)
    try:
        _, address, _ = blocks.launch(
            server_name=f"[{host}]" if ":" in host else host,
            server_port=port,
            app_kwargs={
                "middleware": [Middleware(RequestFilter, folder=folder)],
                "openapi_url": None,
            },
            max_file_size=MAX_UPLOAD,
            state_session_capacity=MAX_SESSIONS,
            theme=theme(),
            css=CSS,
            share=False,
            mcp_server=False,
            ssr_mode=False,
            num_workers=0,
            pwa=False,
            enable_monitoring=False,
            run_history=False,
            footer_links=[],
            inline=False,
            quiet=True,
            prevent_thread_lock=True,
        )
    except OSError as error:
        raise ConfigError(
            f"Cannot serve at {host}, port {port}: another program uses the port, or this machine "
            "does not have the address. Choose another port or host."
        ) from error
    try:
        yield address
    finally:
        blocks.close(verbose=False)
