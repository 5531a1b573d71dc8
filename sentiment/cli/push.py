"""`sentiment push`."""

from pathlib import Path
from typing import Annotated

import typer

from sentiment.cli.flags import given_path
from sentiment.cli.messages import print_line


def push(
    name: Annotated[str, typer.Argument(help="Id of the model on the Hub: user/name.")],
    model: Annotated[Path, typer.Option(help="Folder of a trained model.", callback=given_path)],
    private: Annotated[
        bool, typer.Option("--private", help="Create a private repository.")
    ] = False,
) -> None:
    """Upload a model to the Hugging Face Hub, with a model card.

    The access token is that of `hf auth login` or HF_TOKEN.
    """
    from sentiment.inference.classifier import Classifier

    page = Classifier.from_pretrained(model, device="cpu").push_to_hub(name, private)
    print_line(f'Uploaded to {page}. Next: sentiment predict --model {name} "…"')
