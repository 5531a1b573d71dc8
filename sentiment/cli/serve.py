"""`sentiment serve`."""

import os
import tempfile
from contextlib import ExitStack, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from sentiment.cli.flags import Backend, Device, Model
from sentiment.cli.messages import print_line
from sentiment.config import SHIPPED_CLASSIFIER, TrainConfig
from sentiment.errors import ConfigError, missing_packages
from sentiment.runtime.locks import temporary_path

PACKAGES = ("fastapi", "prometheus_client", "uvicorn")
TOKEN_VARIABLE = "SENTIMENT_TOKEN"


def serve(
    model: Model = None,
    host: Annotated[
        str, typer.Option(help="Address to serve at; 0.0.0.0 is reachable from the network.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to serve at.", min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(help="Number of processes.", min=1, max=256)] = 1,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(
            help="Name or address by which requests may reach the server, besides --host and "
            "localhost: example.com, *.example.com, 192.168.1.7, or '*' for any. Can be repeated."
        ),
    ] = None,
    device: Device = TrainConfig.device,
    backend: Backend = "auto",
) -> None:
    """Serve predictions and explanations over HTTP; /openapi.json describes the requests.

    If the environment variable SENTIMENT_TOKEN is set, requests need it as their bearer token.
    Needs the extra "serve".
    """
    missing = [name.replace("_", "-") for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise missing_packages("serve", missing, extra="serve")
    token = read_token()
    with ExitStack() as stack:
        if workers > 1:  # Before prometheus_client is imported, which reads the variable then.
            folder = stack.enter_context(temporary_path(Path(tempfile.gettempdir())))
            folder.mkdir(mode=0o700)
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder.resolve())
        from sentiment.apps.hosts import address_of, listening, trusted_hosts
        from sentiment.apps.server.service import (
            Settings,
            load_app,
            prepare_process,
            run,
            run_workers,
        )

        prepare_process()
        hosts = trusted_hosts(host, allowed_host or ())
        settings = Settings(str(model or SHIPPED_CLASSIFIER), device, backend, hosts, token)
        app = load_app(settings)  # Also with workers, so that an error is reported once.
        listener = stack.enter_context(listening(host, port))
        print_line(f"Serving at {address_of(host, port)}. Press Ctrl-C to stop.", flush=True)
        stack.enter_context(suppress(KeyboardInterrupt))  # Raised when the server has stopped.
        if workers == 1:
            run(app, listener)
        else:
            del app
            run_workers(settings, workers, listener)


def read_token() -> str | None:
    """Return the bearer token from the environment, or None.

    Raises:
        ConfigError: the token is empty or has characters that a header cannot have.
    """
    token = os.environ.get(TOKEN_VARIABLE)
    if token is not None and not (token.isascii() and token.isprintable() and token.strip()):
        raise ConfigError(
            f"The environment variable {TOKEN_VARIABLE} must have printable ASCII characters, or "
            "must not be set."
        )
    return token.strip() if token is not None else None
