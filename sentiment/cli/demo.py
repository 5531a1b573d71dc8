"""`sentiment demo`."""

import os
import tempfile
import time
import warnings
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from sentiment.cli.flags import Device, Model
from sentiment.cli.messages import print_line
from sentiment.config import SHIPPED_CLASSIFIER, TrainConfig
from sentiment.errors import Notice, missing_packages
from sentiment.runtime.locks import temporary_path


def demo(
    model: Model = None,
    host: Annotated[
        str,
        typer.Option(
            help="Address to serve at; 0.0.0.0 is reachable from the network, by the names given "
            "with --allowed-host."
        ),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to serve at.", min=1, max=65535)] = 7860,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(
            help="Name or address by which browsers may open the page, besides --host and "
            "localhost: example.com, *.example.com, 192.168.1.7, or '*' for any. Can be repeated.",
        ),
    ] = None,
    device: Device = TrainConfig.device,
) -> None:
    """Serve a web page to try a model: type a review, or upload a file.

    Needs the extra "demo".
    """
    missing = [name for name in ("captum", "gradio") if find_spec(name) is None]
    if missing:
        raise missing_packages("demo", missing, extra="demo")
    # A later start deletes the folder of a process that was killed.
    with temporary_path(Path(tempfile.gettempdir())) as folder:
        folder.mkdir(mode=0o700)
        os.environ["GRADIO_TEMP_DIR"] = str(folder.resolve())
        from sentiment.apps.demo.server import serving
        from sentiment.apps.hosts import ALL_INTERFACES
        from sentiment.inference.classifier import Classifier, UnknownWordsWarning

        warnings.simplefilter("ignore", UnknownWordsWarning)  # It would print what users type.
        classifier = Classifier.from_pretrained(model or SHIPPED_CLASSIFIER, device=device)
        with (
            suppress(KeyboardInterrupt),
            serving(classifier, host, port, allowed_host or ()) as address,
        ):
            if host in ALL_INTERFACES and not allowed_host:
                warnings.warn(
                    Notice(
                        "Browsers can open the page as localhost only. Name other addresses of "
                        "this machine with --allowed-host."
                    ),
                    stacklevel=2,
                )
            print_line(f"Open {address} in a browser. Press Ctrl-C to stop.", flush=True)
            while True:
                time.sleep(3600)
