"""Search for the settings that validate best, with Optuna.

Each trial is a training run with settings that Optuna suggests from `SPACE`; the first one has the
defaults. Suggestions come from the tree-structured Parzen estimator (Bergstra et al. 2011). A trial
that is worse after an epoch than the median of the earlier ones is pruned. Trials are compared by
validation loss; nothing is chosen on the test split.

A search is a folder with one lasting file, `study.db`: Optuna's SQLite storage. The run folder of a
trial is deleted when the trial ends.
"""

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import optuna
from optuna.trial import FrozenTrial, TrialState, create_trial

from sentiment.config import Config
from sentiment.errors import ConfigError, SentimentError, TrainingError
from sentiment.presets import resolve
from sentiment.runtime.atomic_io import discard
from sentiment.runtime.locks import locked
from sentiment.runtime.paths import user_path
from sentiment.training.checkpoint import check_settings
from sentiment.training.classification import make_trainer
from sentiment.training.initialization import choose_preset, normalize
from sentiment.training.run_folder import open_run
from sentiment.training.study import (
    STUDY_FILE,
    check_search_folder,
    create_study,
    load_study,
    not_a_search,
)
from sentiment.training.trainer import DivergenceError

STATES: dict[TrialState, Literal["complete", "pruned", "diverged"]] = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "diverged",
}


class Bounds(NamedTuple):
    """The range of a setting."""

    low: float
    high: float
    step: float | None  # None: any value, on a logarithmic scale.


SPACE = {
    "learning_rate": Bounds(1e-3, 2e-2, None),
    "word_dropout": Bounds(0.0, 0.4, 0.05),
    "embedding_dropout": Bounds(0.0, 0.7, 0.05),
    "output_dropout": Bounds(0.0, 0.7, 0.05),
    "max_length": Bounds(100, 800, 100),
    # From scratch only; a pretrained model has its own.
    "embedding_dim": Bounds(50, 200, 50),
    "hidden_size": Bounds(64, 256, 64),
}


@dataclass(frozen=True)
class Trial:
    """A trial that has ended."""

    settings: dict[str, Any]  # Those that were suggested.
    state: Literal["complete", "pruned", "diverged"]
    loss: float | None  # Validation loss of its best epoch; None if no epoch ended.
    accuracy: float | None
    epochs: int
    seconds: float


@dataclass(frozen=True)
class Search:
    """The result of a search so far."""

    trials: list[Trial]  # Best first, then pruned ones, then diverged ones.
    fixed: dict[str, Any]  # Settings that all trials share because they were given.
    preset: str
    stopped: bool  # By Ctrl-C or SIGTERM.

    @property
    def best(self) -> dict[str, Any] | None:
        """Settings of the best trial, with the fixed ones; None if no trial is complete."""
        if self.trials and self.trials[0].state == "complete":
            return {**self.fixed, **self.trials[0].settings}
        return None


class Tuner:
    """A search in a folder, from `open_search`."""

    def __init__(self, study: optuna.Study, out: Path) -> None:
        self.study, self.out = study, out
        self.config = Config.from_dict(study.user_attrs["config"])
        self.preset: str = study.user_attrs["preset"]
        settings = self.config.to_flat()
        self.fixed = {name: settings[name] for name in study.user_attrs["fixed"]}
        self.space = search_space(self.config, self.fixed)
        self.stopped = False

    def run(self, num_trials: int, timeout: float | None = None) -> Iterator[Trial]:
        """Run trials, and yield each when it ends. Ctrl-C ends the iteration.

        Args:
            num_trials: how many the search has in all, those of earlier sessions included.
            timeout: seconds after which no further trial starts.

        Raises:
            SentimentError: as `make_trainer`.
            TrainingError: the dataset has changed since the search started.
        """
        end = float("inf") if timeout is None else time.monotonic() + timeout
        while len(ended_trials(self.study)) < num_trials and time.monotonic() < end:
            # By the number of trials, so that an interrupted search suggests the same settings.
            seed = self.config.train.seed + len(ended_trials(self.study))
            self.study.sampler = optuna.samplers.TPESampler(seed=seed)
            try:
                self.study.optimize(self.objective, n_trials=1, catch=(DivergenceError,))
            except KeyboardInterrupt:
                queue_again(self.study, self.study.trials[-1])
                self.stopped = True
                return
            yield as_trial(ended_trials(self.study)[-1])

    def objective(self, trial: optuna.Trial) -> float:
        """Train with suggested settings and return the lowest validation loss."""
        for name, bounds in self.space.items():
            suggest(trial, name, bounds)
        folder = self.out / trial_name(trial.number)
        settings = {**self.fixed, **suggested(trial)}
        try:
            with open_run(folder) as run:
                trainer = make_trainer(run, settings, self.preset)
                self.check_data({name: trainer.facts[name] for name in ("train", "validation")})
                for metrics in trainer.epochs():
                    self.report(trial, metrics)
                if not trainer.summary().finished:
                    raise KeyboardInterrupt
        except DivergenceError:
            trial.set_user_attr("diverged", True)
            raise
        finally:
            if folder.exists():
                discard(folder)
        return float(trial.user_attrs["figures"]["loss"])

    def report(self, trial: optuna.Trial, metrics: Mapping[str, float]) -> None:
        """Store the metrics of an epoch, and prune the trial if it is worse than the median."""
        loss, epoch = metrics["validation_loss"], int(metrics["epoch"])
        figures = dict(trial.user_attrs.get("figures", {}))
        if loss < figures.get("loss", float("inf")):
            figures.update(loss=loss, accuracy=metrics["validation_accuracy"])
        figures.update(epochs=epoch, seconds=metrics["seconds"])
        trial.set_user_attr("figures", figures)
        trial.report(loss, epoch)
        if trial.should_prune():
            raise optuna.TrialPruned

    def check_data(self, data: dict[str, Any]) -> None:
        """Raise `TrainingError` if a trial has other reviews than the first one."""
        first = self.study.user_attrs.get("data", data)
        if data != first:
            raise TrainingError(
                f"The reviews have changed since the search started: {first} then, {data} now. "
                "Restore the old ones, or start a new search."
            )
        self.study.set_user_attr("data", data)

    def result(self) -> Search:
        """Return the trials so far, best first.

        Raises:
            TrainingError: all trials have diverged.
        """
        trials = sorted(map(as_trial, ended_trials(self.study)), key=rank)
        if trials and all(trial.state == "diverged" for trial in trials) and not self.stopped:
            raise TrainingError(
                f"All {len(trials)} trials have diverged. Start a new search with a fixed, lower "
                "learning_rate."
            )
        return Search(trials, self.fixed, self.preset, self.stopped)


@contextmanager
def open_search(
    out: Path,
    settings: Mapping[str, Any],
    preset: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
) -> Iterator[Tuner]:
    """Lock the folder of a search, and start or continue the search in it.

    Args:
        out: the folder.
        settings: settings that all trials share; they are not searched.
        preset: as for `train`.
        resume: continue the search in `out`; `settings` must be those it was started with.
        overwrite: replace the search in `out`.

    Raises:
        ConfigError: no setting is left to search, a setting is not that of the search, or the path
            cannot be used.
        TrainingError: `out` has a search and neither `resume` nor `overwrite` was given, or none.
        StorageError: `out` cannot be written to, another process uses it, or its study is damaged.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    out, settings = user_path(out), normalize(settings)
    path = out / STUDY_FILE
    with locked(out):
        check_search_folder(out, resume, overwrite)
        if not resume:
            start_study(path, settings, preset or choose_preset(settings))
        has_trials = True
        try:
            with load_study(path) as study:
                tuner = read_tuner(study, out)
                check_fixed(tuner, settings)
                retry_killed_trials(study, out)
                try:
                    yield tuner
                finally:
                    has_trials = bool(ended_trials(study))
        except SentimentError:
            if not resume and not has_trials:  # Nothing to resume: the settings were refused.
                path.unlink()
            raise


def tune(
    settings: Mapping[str, Any],
    out: Path,
    num_trials: int,
    *,
    timeout: float | None = None,
    preset: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
) -> Search:
    """Run a search and return its result. Arguments and errors as for `open_search` and `run`."""
    with open_search(out, settings, preset, resume, overwrite) as tuner:
        for _ in tuner.run(num_trials, timeout):
            pass
        return tuner.result()


def search_space(config: Config, fixed: Collection[str]) -> dict[str, Bounds]:
    """Return the part of `SPACE` that neither `fixed` nor a pretrained model determines."""
    determined = set(fixed)
    if config.model.word_vectors is not None:
        determined.add("embedding_dim")
    elif config.model.init is not None:
        determined |= {"embedding_dim", "hidden_size"}
    return {name: bounds for name, bounds in SPACE.items() if name not in determined}


def suggest(trial: optuna.Trial, name: str, bounds: Bounds) -> None:
    """Have Optuna suggest the value of a setting."""
    low, high, step = bounds
    if isinstance(step, int):
        trial.suggest_int(name, int(low), int(high), step=step)
    else:
        trial.suggest_float(name, low, high, step=step, log=step is None)


def suggested(trial: optuna.Trial | FrozenTrial) -> dict[str, Any]:
    """Return the settings of a trial, with three significant digits, which are easy to type."""
    return {
        name: float(f"{value:.3g}") if isinstance(value, float) else value
        for name, value in trial.params.items()
    }


def ended_trials(study: optuna.Study) -> list[FrozenTrial]:
    """Return the trials that ended by themselves, oldest first: not those that were killed."""
    states = TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL
    return [
        trial
        for trial in study.get_trials(deepcopy=False, states=states)
        if trial.state != TrialState.FAIL or "diverged" in trial.user_attrs
    ]


def as_trial(trial: FrozenTrial) -> Trial:
    """Return an Optuna trial as a `Trial`."""
    figures = trial.user_attrs.get("figures", {})
    return Trial(
        settings=suggested(trial),
        state=STATES[trial.state],
        loss=figures.get("loss"),
        accuracy=figures.get("accuracy"),
        epochs=figures.get("epochs", 0),
        seconds=figures.get("seconds", 0.0),
    )


def rank(trial: Trial) -> tuple[int, float]:
    """Return the sort key of a trial, best first."""
    loss = float("inf") if trial.loss is None else trial.loss
    return list(STATES.values()).index(trial.state), loss


def read_tuner(study: optuna.Study, out: Path) -> Tuner:
    """Return the search of a study.

    Raises:
        StorageError: the study holds something else.
    """
    try:
        tuner = Tuner(study, out)
        resolve(tuner.preset, {})
        sorted(map(as_trial, ended_trials(study)), key=rank)
    except (AttributeError, ConfigError, KeyError, TypeError, ValueError) as error:
        raise not_a_search(out / STUDY_FILE, error) from error
    return tuner


def check_fixed(tuner: Tuner, settings: Mapping[str, Any]) -> None:
    """Raise an error if `settings` are not those that the search was started with."""
    check_settings(tuner.out, tuner.config, settings)
    for name in settings:
        if name in tuner.space:
            raise ConfigError(
                f"{name} is searched in '{tuner.out}'. Leave it out, or start a new search."
            )


def queue_again(study: optuna.Study, trial: FrozenTrial) -> None:
    """Queue a trial that did not end.

    Its settings are suggested again, from the same seed: it may have been killed before all of them
    were stored. Those of the first trial are in its system attributes.
    """
    study.add_trial(create_trial(state=TrialState.WAITING, system_attrs=trial.system_attrs))


def trial_name(number: int) -> str:
    """Return the name of the run folder of a trial."""
    return f"trial-{number:04d}"


def retry_killed_trials(study: optuna.Study, out: Path) -> None:
    """Queue the trials of a killed process again. The lock shows that the process is gone."""
    for trial in study.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
        study.tell(trial.number, state=TrialState.FAIL)
        queue_again(study, trial)
    for trial in study.get_trials(deepcopy=False):
        if (folder := out / trial_name(trial.number)).is_dir():
            discard(folder)


def start_study(path: Path, settings: Mapping[str, Any], preset: str) -> None:
    """Create the study of a new search.

    Raises:
        ConfigError: no setting is left to search.
    """
    config = resolve(preset, settings)
    space = search_space(config, settings)
    if not space:
        raise ConfigError(f"There is nothing to search: fix fewer of {', '.join(SPACE)}.")
    attributes = {"config": config.to_dict(), "preset": preset, "fixed": list(settings)}
    defaults = config.to_flat()
    create_study(path, attributes, {name: defaults[name] for name in space})
