"""`sentiment demo`."""

import signal
import sys
import time
import warnings
from contextlib import suppress
from typing import Annotated

import typer

from sentiment.cli.flags import Model
from sentiment.config import SHIPPED_CLASSIFIER


def demo(
    model: Model = None,
    host: Annotated[
        str, typer.Option(help="Address to serve at; 0.0.0.0 lets the whole network in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to serve at.", min=1, max=65535)] = 7860,
) -> None:
    """Serve a page to try a model: type a review, or drop a file of them."""
    from sentiment.apps.demo import serving
    from sentiment.inference.classifier import Classifier, UnknownWordsWarning

    warnings.simplefilter("ignore", UnknownWordsWarning)  # It would log what people type.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    classifier = Classifier.from_pretrained(model or SHIPPED_CLASSIFIER)
    with suppress(KeyboardInterrupt), serving(classifier, host, port) as address:
        print(f"Open {address} in a browser. Ctrl-C ends it.", flush=True)
        while True:
            time.sleep(3600)
