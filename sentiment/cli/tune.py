"""`sentiment tune`."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sentiment.cli.flags import as_flags, as_words, given_path, with_settings
from sentiment.cli.formatting import MISSING, count, duration, new_table, print_tables
from sentiment.cli.messages import print_line
from sentiment.cli.train import FromScratch, preset_of_options
from sentiment.config import DataConfig, ModelConfig, TextConfig, TrainConfig
from sentiment.errors import missing_packages
from sentiment.runtime.malloc import keep_freed_memory

if TYPE_CHECKING:
    from sentiment.training.tuning import Search, Trial

DEFAULT_OUT = Path("runs/tune")


@with_settings(DataConfig, TextConfig, ModelConfig, TrainConfig)
def tune(
    settings: dict[str, Any],
    out: Annotated[
        Path, typer.Option(help="Folder of the search.", callback=given_path)
    ] = DEFAULT_OUT,
    trials: Annotated[
        int, typer.Option(help="Training runs, those of earlier sessions included.", min=1)
    ] = 20,
    timeout: Annotated[
        float | None, typer.Option(help="Seconds after which no further trial starts.", min=0)
    ] = None,
    from_scratch: FromScratch = False,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the search in --out.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the search in --out.")
    ] = False,
) -> None:
    """Search for the learning rate, dropouts, sizes and length that validate best.

    Settings given on the command line are fixed and not searched. Needs the extra "tune".
    """
    try:
        from sentiment.training.tuning import open_search
    except ModuleNotFoundError as error:
        if error.name != "optuna":
            raise
        raise missing_packages("tune", ["optuna"], extra="tune") from error
    keep_freed_memory()
    preset = preset_of_options(settings, from_scratch, few_shot=False)
    with open_search(out, settings, preset, resume, overwrite) as tuner:
        for trial in tuner.run(trials, timeout):
            print_trial(trial)
        search = tuner.result()
    print_search(search, out)
    if search.stopped:
        sys.exit(130)


def print_trial(trial: "Trial") -> None:
    """Print a line for a trial that has ended."""
    loss = "" if trial.loss is None else f"validation loss {trial.loss:.4f}, "
    ending = {"complete": "", "pruned": ", pruned", "diverged": ", diverged"}[trial.state]
    print_line(f"{loss}{duration(trial.seconds)}{ending}: {as_flags(trial.settings)}", flush=True)


def print_search(search: "Search", out: Path) -> None:
    """Print the trials of a search, and the command to run next."""
    trials = new_table(f"Trials in {out}", "rank", "validation loss", "accuracy", "epochs", "time")
    trials.add_column("settings", ratio=1)
    for rank, trial in enumerate(search.trials, 1):
        trials.add_row(
            str(rank) if trial.state == "complete" else trial.state,
            MISSING if trial.loss is None else f"{trial.loss:.4f}",
            MISSING if trial.accuracy is None else f"{trial.accuracy:.2%}",
            count(trial.epochs),
            duration(trial.seconds),
            as_flags(trial.settings),
        )
    if search.trials:
        print_tables(trials)
    if search.best is not None:
        start = ["--from-scratch"] if search.preset == "from-scratch" else []
        words = ["sentiment", "train", *start, *as_words(search.best), "--out", "runs/best"]
        print_line(f"Best settings: {shlex.join(words)}")
    if search.stopped:
        print_line(f"Stopped. Resume with: sentiment tune --resume --out {shlex.quote(str(out))}")
