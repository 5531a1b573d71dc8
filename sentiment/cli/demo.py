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
from sentiment.errors import DependencyError


def demo(
    model: Model = None,
    host: Annotated[
        str, typer.Option(help="Address to serve at; 0.0.0.0 is reachable from the network.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to serve at.", min=1, max=65535)] = 7860,
    device: Device = TrainConfig.device,
) -> None:
    """Serve a web page to try a model: type a review, or upload a file."""
    missing = [name for name in ("captum", "gradio") if find_spec(name) is None]
    if missing:
        raise DependencyError(
            f"The demo needs {' and '.join(missing)}: run `make demo`, or install with `pip "
            f"install {' '.join(missing)}`."
        )
    with tempfile.TemporaryDirectory(prefix="sentiment-demo-") as folder:
        os.environ["GRADIO_TEMP_DIR"] = str(Path(folder).resolve())
        os.environ["NO_PROXY"] = "*"  # Gradio checks with a request that it has started.
        from sentiment.apps.demo.server import serving
        from sentiment.inference.classifier import Classifier, UnknownWordsWarning

        warnings.simplefilter("ignore", UnknownWordsWarning)  # It would print what users type.
        classifier = Classifier.from_pretrained(model or SHIPPED_CLASSIFIER, device=device)
        with suppress(KeyboardInterrupt), serving(classifier, host, port) as address:
            print_line(f"Open {address} in a browser. Press Ctrl-C to stop.", flush=True)
            while True:
                time.sleep(3600)
