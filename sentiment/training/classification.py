"""Train a classifier: load, initialize, encode_splits, build, fit.

with open_run(out) as run:
    trainer = make_trainer(run, settings)
    summary = trainer.fit()
"""

from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from sentiment.artifacts.model_folder import SavedModel, save_model
from sentiment.config import Config
from sentiment.errors import ConfigError
from sentiment.evaluation.calibration import fit_temperature
from sentiment.inference.batched import uncalibrated_logits
from sentiment.inference.classifier import Classifier
from sentiment.models.lstm import LSTMClassifier
from sentiment.models.word_vectors import read_vectors
from sentiment.presets import resolve
from sentiment.runtime.devices import autocast, choose_device
from sentiment.runtime.distributed import join_processes
from sentiment.runtime.threads import use_one_thread_after_fork
from sentiment.text.batching import Batch
from sentiment.text.examples import Examples
from sentiment.training.checkpoint import saved_config
from sentiment.training.classification_data import (
    EncodedReviews,
    Splits,
    encode_splits,
    load_splits,
)
from sentiment.training.initialization import (
    choose_preset,
    copy_weights,
    initialize,
    normalize,
)
from sentiment.training.linear_probe import fit_head
from sentiment.training.run_folder import EpochMetrics, Run, Summary, open_run
from sentiment.training.schedule import Stage, make_stage
from sentiment.training.tied_terms import term_groups, tie_terms
from sentiment.training.trainer import Loss, Trainer

SENTENCES = "sentences"
# Sentences for each review in a batch: it still has a quarter of the tokens.
SENTENCES_PER_REVIEW = 4


def train(
    dataset: str | None = None,
    out: str | Path = "runs/classifier",
    *,
    preset: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    **settings: Any,
) -> Classifier:
    """Train a classifier, save it in the run folder `out`, and return it.

    Examples:
        >>> classifier = train("reviews.csv", "runs/reviews", epochs=3)

    Args:
        dataset: a Hub id, a file, a folder or a built-in dataset: see `sentiment.load_reviews`.
            By default IMDB.
        out: the run folder.
        preset: `default`, `from-scratch`, `few-shot` or `distillation`. By default `distillation`
            with a teacher, `from-scratch` where no model in this package fits the language, and
            `sample` for the built-in reviews of that name.
        resume: continue the run in `out`.
        overwrite: replace the run in `out`.
        settings: any field of the settings in `sentiment.config`, by name.

    Raises:
        DataError: reviews that cannot be read or used.
        ConfigError: a setting that does not exist, is out of range, or does not fit another.
        ModelError: the initial model is missing or damaged.
        HubError: the Hub refuses the dataset or the initial model, or cannot be reached.
        DependencyError: the language needs a package that is not installed.
        TrainingError: the run diverged, or `out` has a run already, or none to resume.
        StorageError: `out` cannot be written to.
        KeyboardInterrupt: Ctrl-C; the run can be resumed.
    """
    if dataset is not None:
        settings["dataset"] = dataset
    summary = train_classifier(
        settings, Path(out), preset=preset, resume=resume, overwrite=overwrite
    )
    if not summary.finished:
        raise KeyboardInterrupt
    return Classifier.from_pretrained(out, device=settings.get("device", "auto"))


def train_classifier(
    settings: Mapping[str, Any],
    out: Path,
    *,
    preset: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
) -> Summary:
    """Train a classifier and return the summary of the run. Arguments and errors as for `train`."""
    with (
        join_processes() as processes,
        open_run(out, resume, overwrite, processes=processes) as run,
    ):
        return run.summary or make_trainer(run, settings, preset).fit()


def make_trainer(
    run: Run, settings: Mapping[str, Any], preset: str | None = None
) -> "ClassificationTrainer":
    """Load the reviews of a run, build its model, and return the trainer.

    Args:
        run: the run folder, from `open_run`.
        settings: settings chosen for this run, by name. A resumed run has those it was started
            with.
        preset: as for `train`.

    Raises:
        SentimentError: as `train`.
    """
    if run.checkpoint is not None:
        if preset is not None:
            raise ConfigError("A resumed run keeps its preset. Leave preset out.")
        settings = saved_config(run.checkpoint, settings).to_flat()
    settings = normalize(settings)
    preset = preset or choose_preset(settings)
    config = resolve(preset, settings)
    with run.processes.first_one_first():
        splits = load_splits(config.data, config.train.seed)
    return trainer_of_splits(run, splits, settings, preset)


def trainer_of_splits(
    run: Run, splits: Splits, settings: Mapping[str, Any], preset: str, verbose: bool = True
) -> "ClassificationTrainer":
    """Return the trainer of a run on reviews that are loaded already."""
    use_one_thread_after_fork()
    with run.processes.first_one_first():
        initialization = initialize(splits, preset, settings)
        config, start = initialization.config, initialization.start
        torch.manual_seed(config.train.seed)
        start_vocab = start.vocab if start else None
        data = encode_splits(splits, config, start_vocab, cache=not run.temporary)
    model = build(config, data, start)
    return ClassificationTrainer(model, data, config, run, initialization.reason, verbose)


def build(config: Config, data: EncodedReviews, start: SavedModel | None) -> LSTMClassifier:
    """Return the model with its initial weights, on the device of the run.

    The coverage of word vectors is added to `data.facts`.
    """
    model = LSTMClassifier(config.model, len(data.vocab), len(data.labels))
    model.to(choose_device(config.train.device))
    head_copied = start is not None and copy_weights(model, start, data)
    if config.model.word_vectors is not None:
        vectors = read_vectors(config.model.word_vectors, data.vocab)
        vectors.fill(model.encoder.embedding)
        data.facts["vectors"] = vectors.facts(data.vocab, (ids for ids, _ in data.train))
    if config.model.tie_terms:
        known = len(data.vocab if start is None else start.vocab)
        tie_terms(model.encoder.embedding, data.vocab, term_groups(config.text), known)
    if start is not None and not head_copied:
        fit_head(model, data.train, config.train.seed)
    model.encoder.embedding.weight.requires_grad_(not config.model.freeze_embeddings)
    return model


class ClassificationTrainer(Trainer[LSTMClassifier]):
    """Train a classifier on labelled reviews.

    Args:
        model: with its initial weights.
        data: the encoded reviews.
        config: all settings of the run.
        run: the run folder, from `open_run`.
        start_reason: what the model starts from and why, a sentence.
        verbose: show a progress bar on stderr.
    """

    def __init__(
        self,
        model: LSTMClassifier,
        data: EncodedReviews,
        config: Config,
        run: Run,
        start_reason: str = "",
        verbose: bool = True,
    ) -> None:
        self.data, self.start_reason = data, start_reason
        num_labels = len(data.labels)
        self.label_weights = (
            label_weights(data) if config.train.balance_labels else torch.ones(num_labels)
        )  # [num_labels]
        self.targets = torch.eye(num_labels)  # [num_labels, num_labels]: a row for each label id
        if data.probabilities is not None:  # [num_labels + distilled reviews, num_labels]
            soft = torch.from_numpy(data.probabilities).float()
            self.targets = torch.cat([self.targets, soft])
        super().__init__(model, make_stages(data, config), config, data.facts, run, verbose)

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return head, LSTMs and embedding, with a learning rate that falls by `layer_decay`.

        Layers close to the text change least from task to task (Howard and Ruder 2018, section
        3.2). A frozen embedding is left out.
        """
        encoder, decay = self.model.encoder, self.settings.layer_decay
        stacks = [encoder.forward_lstm, encoder.backward_lstm]
        lstms = [weight for stack in stacks if stack is not None for weight in stack.parameters()]
        head = [
            weight
            for name, weight in self.model.named_parameters()
            if not name.startswith("encoder.")
        ]
        embedding = encoder.embedding.weight
        layers = [head, lstms, *([[embedding]] if embedding.requires_grad else [])]
        return [{"params": layer, "factor": decay**depth} for depth, layer in enumerate(layers)]

    def training_step(self, batch: Batch, stage: Stage, factor: float = 1.0) -> Loss:
        """Add the gradients of the loss and, on whole reviews, of the adversarial loss.

        The adversarial loss is that on word vectors moved by a perturbation of norm
        `adversarial_norm`, in the direction of the gradient of the loss, over all words of a review
        together (Miyato et al. 2017, equations 3 to 5). Both losses have the weight 1.

        Returns:
            The loss without the perturbation.
        """
        adversarial_norm = self.settings.adversarial_norm
        if adversarial_norm == 0 or stage.name == SENTENCES:
            return super().training_step(batch, stage, factor)
        shape = *batch.input_ids.shape, self.config.model.embedding_dim
        perturbation = torch.zeros(shape, device=self.device, requires_grad=True)
        with self.without_averaging():
            loss = self.compute_loss(batch, perturbation)
            (factor * loss.value).backward()
        gradient = perturbation.grad  # [batch, seq, embedding_dim]
        assert gradient is not None
        norms = gradient.flatten(start_dim=1).norm(dim=1).clamp(min=1e-12)  # [batch]
        scaled = adversarial_norm * gradient / norms[:, None, None]
        (factor * self.compute_loss(batch, scaled).value).backward()
        return loss

    def compute_loss(self, batch: Batch, perturbation: Tensor | None = None) -> Loss:
        """Return the cross-entropy of the targets, and the accuracy."""
        with autocast(self.device, self.settings.precision):
            # [batch, num_labels]
            logits = self.network(batch.input_ids, batch.lengths, perturbation)
        value = self.cross_entropy(logits.float(), batch.labels)
        labels = self.targets[batch.labels.cpu()].argmax(dim=1)
        accuracy = (logits.argmax(dim=1).cpu() == labels).float().mean().item()
        return Loss(value, len(batch.labels), {"accuracy": accuracy})

    def loss_weight(self, batch: Batch) -> float:
        """Return the sum of the weights of the labels; without weights, the number of reviews."""
        return self.weighted_targets(batch.labels).sum().item()

    def cross_entropy(self, logits: Tensor, label_ids: Tensor) -> Tensor:
        """Return the mean cross-entropy of the targets, weighted by label.

        Args:
            logits: [reviews, num_labels].
            label_ids: rows of `self.targets`, [reviews].
        """
        targets = self.weighted_targets(label_ids).to(logits.device)
        return (targets * -F.log_softmax(logits, dim=1)).sum() / targets.sum()

    def weighted_targets(self, label_ids: Tensor) -> Tensor:
        """Return the probability of each label times its weight, [reviews, num_labels]."""
        return self.targets[label_ids.cpu()] * self.label_weights

    def validate(self, model: LSTMClassifier) -> EpochMetrics:
        """Return calibrated loss, accuracy and temperature on the validation reviews."""
        reviews = [ids for ids, _ in self.data.validation]
        logits = torch.zeros(len(reviews), len(self.data.labels))
        own = slice(self.processes.rank, None, self.processes.count)
        logits[own] = uncalibrated_logits(model, reviews[own])
        self.processes.sum_(logits)
        labels = torch.tensor([label for _, label in self.data.validation])
        temperature = fit_temperature(logits, labels)
        return {
            "loss": self.cross_entropy(logits / temperature, labels).item(),
            "accuracy": (logits.argmax(dim=1) == labels).float().mean().item(),
            "temperature": temperature,
        }

    def save_model(self, model: LSTMClassifier, folder: Path, metrics: EpochMetrics) -> None:
        """Write the classifier into `folder`."""
        saved = SavedModel(
            self.config,
            self.data.vocab,
            model,
            self.data.labels,
            metrics["validation_temperature"],
            {**self.facts, "metrics": metrics},
        )
        save_model(folder, saved)


def make_stages(data: EncodedReviews, config: Config) -> list[Stage]:
    """Return the stages of a run: single sentences, if there are any, then whole reviews."""
    settings = config.train
    sentence_epochs = min(settings.sentence_epochs, settings.epochs - 1) if data.sentences else 0
    stages = []
    if sentence_epochs:
        batch_size = SENTENCES_PER_REVIEW * settings.batch_size
        stages.append(make_stage(SENTENCES, data.sentences, sentence_epochs, batch_size, settings))
    epochs = settings.epochs - sentence_epochs
    limits = settings.min_steps, settings.min_epoch_steps
    reviews = Examples(chain(data.train, data.distilled)) if data.distilled else data.train
    stages.append(make_stage("reviews", reviews, epochs, settings.batch_size, settings, *limits))
    return stages


def label_weights(data: EncodedReviews) -> Tensor:
    """Return a weight for each label, [num_labels], so that all labels have the same total."""
    labels = torch.tensor([label for _, label in data.train])
    counts = labels.bincount(minlength=len(data.labels))
    return len(labels) / (counts.clamp(min=1) * len(data.labels))
