"""A recipe in, the settings around it that validate best out.

Each trial is a training run with settings that Optuna draws from `SPACE`, the first one with the
recipe's own. Later ones are drawn where the better ones lie (TPE, Bergstra et al. 2011), and a
trial that is worse after an epoch than the median of those before it ends there. They are compared
by the validation loss by which training chooses its epoch; nothing is chosen on test.

A search is a folder with one file that lasts, `study.db`: Optuna's tables in SQLite, which hold
numbers and JSON, and no pickles. A trial's run folder is deleted once its figures stand there.
"""

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import optuna
from optuna.exceptions import StorageInternalError
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from sentiment.artifacts.checksums import CONFIG_FILE, read_json
from sentiment.config import FROM_SCRATCH, Config
from sentiment.errors import InputError
from sentiment.runtime.atomic_io import atomic_folder, discard
from sentiment.runtime.locks import locked
from sentiment.training.checkpoint import check_settings, flat
from sentiment.training.classification import train
from sentiment.training.trainer import Diverged, Metrics

STUDY, STUDY_FILE = "sentiment", "study.db"
UNPRUNED = 5  # Trials that end in their own time, so that there is a median to go by.


class Bounds(NamedTuple):
    """Between what a setting is drawn, both included."""

    least: float
    most: float
    step: float | None  # None: any value between, evenly by its logarithm.


SPACE = {
    "learning_rate": Bounds(1e-3, 2e-2, None),
    "word_dropout": Bounds(0.0, 0.4, 0.05),
    "embedding_dropout": Bounds(0.0, 0.7, 0.05),
    "output_dropout": Bounds(0.0, 0.7, 0.05),
    "max_length": Bounds(100, 800, 100),
    # From scratch only: they are those of the encoder, if there is one.
    "embedding_dim": Bounds(50, 200, 50),
    "hidden_size": Bounds(64, 256, 64),
}


STATES: dict[TrialState, Literal["complete", "pruned", "diverged"]] = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "diverged",
}


@dataclass(frozen=True)
class Trial:
    """A trial that has ended."""

    settings: dict[str, Any]  # Those drawn.
    state: Literal["complete", "pruned", "diverged"]
    loss: float | None  # On validation, of its best epoch; None where not one has ended.
    accuracy: float | None
    epochs: int
    seconds: float


@dataclass(frozen=True)
class Search:
    """How a search stands."""

    trials: list[Trial]  # The best first, those that were pruned and those that diverged last.
    held: dict[str, Any]  # What was named, and therefore the same in each trial.
    from_scratch: bool
    stopped: bool  # By Ctrl-C or SIGTERM.

    @property
    def best(self) -> dict[str, Any] | None:
        """The settings of the best trial, those that were held included; None if none has ended."""
        if self.trials and self.trials[0].state == "complete":
            return {**self.held, **self.trials[0].settings}
        return None


def tune(
    settings: dict[str, Any],
    out: Path,
    trials: int,
    timeout: float | None = None,
    from_scratch: bool = False,
    resume: bool = False,
    overwrite: bool = False,
    on_trial: Callable[[Trial], None] = lambda trial: None,
) -> Search:
    """Search for the settings with the lowest validation loss, and keep the search in `out`.

    A trial that was killed is forgotten, and the next one draws what it had drawn: on a CPU a
    search finds the same, whether it was stopped in between or not.

    Args:
        settings: what is to be the same in each trial, by name; it is not searched.
        out: the folder.
        trials: how many there may be, over all sittings.
        timeout: seconds after which no further trial begins in this sitting.
        from_scratch: start from no encoder.
        resume: go on with the search in `out`; of `settings` it takes those it was started with.
        overwrite: replace that search.
        on_trial: called after each trial.

    Raises:
        InputError: as for `train`; a folder that holds a search already, or none to resume; other
            settings or data than it was started with; nothing left to search; or all trials have
            diverged.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    end = float("inf") if timeout is None else time.monotonic() + timeout
    stopped, path = False, out / STUDY_FILE
    with locked(out):
        check_folder(out, resume, overwrite)
        if not resume:
            create(path, settings, from_scratch)
        with opened(path) as study:
            config = Config.from_dict(study.user_attrs["config"])
            held = {name: flat(config)[name] for name in study.user_attrs["held"]}
            space = space_of(config, held)
            if from_scratch:
                settings = {**settings, "init": None}
            check_held(out, config, space, settings)
            forget_unended(study, out)
            try:
                while len(ended(study)) < trials and time.monotonic() < end:
                    if stopped := not run_trial(study, config, space, out):
                        break
                    on_trial(as_trial(ended(study)[-1]))
            except KeyboardInterrupt:
                stopped = True
            found = sorted(map(as_trial, ended(study)), key=rank)
    if found and len(found) >= trials and found[0].state == "diverged":
        raise InputError(
            f"All of {len(found)} trials have diverged. Hold a lower --learning-rate, and start "
            "again (--overwrite)."
        )
    return Search(found, held, config.model.init is None, stopped)


def space_of(config: Config, held: Collection[str]) -> dict[str, Bounds]:
    """What is searched: all of `SPACE` but what is held, or for the encoder or a file to decide."""
    decided = set(held)
    if config.model.init is not None:
        decided |= {"embedding_dim", "hidden_size"}
    if config.model.vectors is not None:
        decided.add("embedding_dim")
    return {name: bounds for name, bounds in SPACE.items() if name not in decided}


def run_trial(study: optuna.Study, config: Config, space: dict[str, Bounds], out: Path) -> bool:
    """Train with settings drawn from `space`. False if a signal stopped it before its end."""
    number = len(ended(study))
    # By the count, so that what a trial draws does not depend on those that were killed before it.
    study.sampler = optuna.samplers.TPESampler(seed=config.train.seed + number)
    if number == 0 and not study.get_trials(states=[TrialState.WAITING]):
        study.enqueue_trial({name: flat(config)[name] for name in space})
    trial = study.ask()
    for name, bounds in space.items():
        draw(trial, name, bounds)
    folder = out / f"trial-{trial.number:04d}"
    figures: dict[str, float] = {}

    def on_epoch(metrics: Metrics) -> None:
        loss, epoch = metrics["validation_loss"], int(metrics["epoch"])
        if epoch == 1:
            check_data(study, folder)
        if loss < figures.get("loss", float("inf")):
            figures.update(loss=loss, accuracy=metrics["validation_accuracy"])
        figures.update(epochs=epoch, seconds=metrics["seconds"])
        trial.set_user_attr("figures", figures)
        trial.report(loss, epoch)
        if trial.should_prune():
            raise optuna.TrialPruned

    try:
        own = Config.from_flat(**{**flat(config), **drawn(trial)})
        if not train(own, folder, on_epoch=on_epoch).finished:
            return False
        study.tell(trial, figures["loss"])
    except optuna.TrialPruned:
        study.tell(trial, state=TrialState.PRUNED)
    except Diverged:
        trial.set_user_attr("diverged", True)
        study.tell(trial, state=TrialState.FAIL)
    finally:
        if folder.exists():
            discard(folder)
    return True


def draw(trial: optuna.Trial, name: str, bounds: Bounds) -> None:
    """Have Optuna choose a setting."""
    least, most, step = bounds
    if isinstance(step, int):
        trial.suggest_int(name, int(least), int(most), step=step)
    else:
        trial.suggest_float(name, least, most, step=step, log=step is None)


def drawn(trial: optuna.Trial | FrozenTrial) -> dict[str, Any]:
    """What a trial trains with: fractions to three digits, which a person can type."""
    return {
        name: float(f"{value:.3g}") if isinstance(value, float) else value
        for name, value in trial.params.items()
    }


def ended(study: optuna.Study) -> list[FrozenTrial]:
    """The trials that count, oldest first: all but those that were killed."""
    states = TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL
    return [
        trial
        for trial in study.get_trials(deepcopy=False, states=states)
        if trial.state != TrialState.FAIL or "diverged" in trial.user_attrs
    ]


def as_trial(trial: FrozenTrial) -> Trial:
    """A trial as it is shown."""
    figures = trial.user_attrs.get("figures", {})
    return Trial(
        settings=drawn(trial),
        state=STATES[trial.state],
        loss=figures.get("loss"),
        accuracy=figures.get("accuracy"),
        epochs=figures.get("epochs", 0),
        seconds=figures.get("seconds", 0.0),
    )


def rank(trial: Trial) -> tuple[int, float]:
    """What trials are sorted by, the best first."""
    loss = float("inf") if trial.loss is None else trial.loss
    return list(STATES.values()).index(trial.state), loss


def check_folder(out: Path, resume: bool, overwrite: bool) -> None:
    """Raise `InputError` where a search would be lost, or where there is none to go on with."""
    there_is_one = (out / STUDY_FILE).exists()
    if resume and overwrite:
        raise InputError("--resume and --overwrite exclude each other.")
    if resume and not there_is_one:
        raise InputError(
            f"There is no search in '{out}' to resume. To start one leave out --resume."
        )
    if there_is_one and not (resume or overwrite):
        raise InputError(
            f"'{out}' holds a search already. Go on with it (--resume), replace it (--overwrite), "
            "or choose another folder (--out)."
        )


def check_held(
    out: Path, config: Config, space: dict[str, Bounds], settings: dict[str, Any]
) -> None:
    """Raise `InputError` if `settings` are not those that the search in `out` holds."""
    check_settings(out, config, settings)
    for name in settings:
        if name in space:
            raise InputError(
                f"{name} is searched in '{out}'; leave it out, or start a new search (--overwrite)."
            )


def check_data(study: optuna.Study, folder: Path) -> None:
    """Raise `InputError` if a trial learns from other reviews than those before it."""
    facts = read_json(folder / CONFIG_FILE)["training"]
    data = {name: facts[name] for name in ("train", "validation")}
    before = study.user_attrs.get("data", data)
    if data != before:
        raise InputError(
            f"The reviews have changed since the search began: they were {before}, now they are "
            f"{data}. Put the old ones back, or start a new search (--overwrite)."
        )
    study.set_user_attr("data", data)


def forget_unended(study: optuna.Study, out: Path) -> None:
    """Give up the trials that were killed, and what they have left."""
    for trial in study.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
        study.tell(trial.number, state=TrialState.FAIL)
    for folder in out.glob("trial-*"):
        discard(folder)


def create(path: Path, settings: dict[str, Any], from_scratch: bool) -> None:
    """A new study, which appears at once and takes the place of an older one."""
    config = Config.from_flat(**{**(FROM_SCRATCH if from_scratch else {}), **settings})
    if not space_of(config, settings):
        raise InputError(f"There is nothing to search: hold fewer of {', '.join(SPACE)}.")
    with atomic_folder(path.parent) as stage:
        with stored(stage / path.name) as storage:
            study = optuna.create_study(storage=storage, study_name=STUDY)
            study.set_user_attr("config", config.to_dict())
            study.set_user_attr("held", list(settings))
        # SQLite would take it for what a kill has left unfinished of the new one.
        path.with_name(f"{path.name}-journal").unlink(missing_ok=True)


@contextmanager
def opened(path: Path) -> Iterator[optuna.Study]:
    """The study at `path`."""
    with stored(path) as storage:
        try:
            study = optuna.load_study(study_name=STUDY, storage=storage)
            study.pruner = optuna.pruners.MedianPruner(n_startup_trials=UNPRUNED)
            if not {"config", "held"} <= study.user_attrs.keys():
                raise KeyError
        except KeyError as error:
            raise InputError(f"'{path}' is not that of a search by sentiment.") from error
        yield study


@contextmanager
def stored(path: Path) -> Iterator[optuna.storages.RDBStorage]:
    """Optuna's tables in the file `path`, which is closed when the block ends."""
    url = URL.create("sqlite", database=str(path)).render_as_string()
    try:
        try:
            storage = optuna.storages.RDBStorage(url, skip_table_creation=path.exists())
        except RuntimeError as error:
            raise InputError(f"'{path}' is of another version of Optuna: {error}") from error
        try:
            yield storage
        finally:
            storage.remove_session()
            storage.engine.dispose()
    except (SQLAlchemyError, StorageInternalError) as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        raise InputError(
            f"Could not use '{path}': {reason}. Check the free space and the permissions, or "
            "choose another folder (--out)."
        ) from error
