"""`sentiment push`."""

from typing import Annotated

import typer

from sentiment.cli.flags import Model
from sentiment.errors import InputError


def push(
    name: Annotated[str, typer.Argument(help="What it is called there: user/name.")],
    model: Model = None,
    private: Annotated[
        bool, typer.Option("--private", help="For you alone, and for whom you let in.")
    ] = False,
) -> None:
    """Put a model on the Hugging Face Hub, with a card that tells what it has read and can do.

    The token is that of `hf auth login`, or HF_TOKEN.
    """
    if model is None:
        raise InputError("Name the model to push, one of yours: --model FOLDER.")
    from sentiment.predict import Classifier

    page = Classifier.from_pretrained(model).push_to_hub(name, private)
    print(f'The model is at {page}. Next: sentiment predict --model {name} "…"')
