"""`sentiment tune`."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from sentiment.cli.flags import with_settings
from sentiment.cli.show import print_search, print_trial, show_warnings
from sentiment.cli.train import choose_start
from sentiment.config import DataConfig, ModelConfig, TextConfig, TrainConfig
from sentiment.errors import InputError
from sentiment.runtime.malloc import keep_freed_memory

DEFAULT_OUT = Path("runs/tune")


@with_settings(DataConfig, TextConfig, ModelConfig, TrainConfig)
def tune(
    settings: dict[str, Any],
    out: Annotated[Path, typer.Option(help="The folder of the search.")] = DEFAULT_OUT,
    trials: Annotated[int, typer.Option(help="Training runs, over all sittings.", min=1)] = 20,
    timeout: Annotated[
        float | None, typer.Option(help="Seconds after which no further one begins.", min=0)
    ] = None,
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="No encoder, and other defaults, as for train.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the search in --out.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace that search.")] = False,
) -> None:
    """Search for the learning rate, dropouts, sizes and length that validate best.

    A setting that is named is held, and not searched.
    """
    from sentiment.data.columns import Notice
    from sentiment.data.splits import SharedReviewsWarning

    try:
        from sentiment.training.tuning import tune
    except ModuleNotFoundError as error:
        raise InputError(f"A search needs Optuna ({error}): pip install optuna") from error
    keep_freed_memory()
    show_warnings(SharedReviewsWarning, Notice)
    if not resume:
        from_scratch = choose_start(settings, from_scratch)
    search = tune(
        settings, out, trials, timeout, from_scratch, resume, overwrite, on_trial=print_trial
    )
    print_search(search, out)
    if search.stopped:
        sys.exit(130)
