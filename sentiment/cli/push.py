"""`sentiment push`."""

from pathlib import Path
from typing import Annotated

import typer


def push(
    name: Annotated[str, typer.Argument(help="What it is called there: user/name.")],
    model: Annotated[Path, typer.Option(help="Folder of a trained model, one of yours.")],
    private: Annotated[
        bool, typer.Option("--private", help="For you alone, and for whom you let in.")
    ] = False,
) -> None:
    """Put a model on the Hugging Face Hub, with a card that tells what it has read and can do.

    The token is that of `hf auth login`, or HF_TOKEN.
    """
    from sentiment.inference.classifier import Classifier

    page = Classifier.from_pretrained(model).push_to_hub(name, private)
    print(f'The model is at {page}. Next: sentiment predict --model {name} "…"')
