"""A classifier in, a page in the browser to try it out.

The page needs no network: the browser loads nothing but what this process serves, and this process
asks nobody. What is typed is not written anywhere; files live in a temporary folder, which goes
with the page.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sentiment.errors import InputError
from sentiment.inference.classifier import Classifier

HOST, PORT = "127.0.0.1", 7860


@contextmanager
def serving(classifier: Classifier, host: str = HOST, port: int = PORT) -> Iterator[str]:
    """Serve the page of `classifier` at `host` and `port` as long as the block runs.

    Yields:
        The address to open in a browser.

    Raises:
        InputError: the address is taken, or not this machine's; or gradio is not installed.
    """
    with tempfile.TemporaryDirectory(prefix="sentiment-demo-") as folder:
        # gradio reads these where it is imported, so that it comes after them.
        os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
        os.environ["GRADIO_TEMP_DIR"] = str(Path(folder).resolve())
        os.environ["NO_PROXY"] = "*"  # It asks itself whether it has started.
        try:
            from sentiment.apps.demo import page
        except ModuleNotFoundError as error:
            raise InputError(
                f"The demo needs {error.name}, which is not installed: "
                "`make demo` installs it, and so does `pip install -r requirements-demo.txt`."
            ) from error
        blocks = page.build(classifier, Path(folder).resolve())
        try:
            yield page.launch(blocks, host, port, Path(folder).resolve())
        finally:
            blocks.close(verbose=False)
