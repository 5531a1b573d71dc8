"""`sentiment calibrate`."""

from typing import TYPE_CHECKING, Any

from sentiment.cli.data import DATASET_SETTINGS, dataset_config
from sentiment.cli.flags import Device, Model, with_settings
from sentiment.cli.formatting import new_table, print_tables
from sentiment.cli.messages import print_line
from sentiment.config import DataConfig, TrainConfig
from sentiment.errors import ConfigError
from sentiment.runtime.network import is_model_id

if TYPE_CHECKING:
    from sentiment.evaluation.metrics import Metrics


@with_settings(DataConfig, only=DATASET_SETTINGS, show_default="that of the model")
def calibrate(
    settings: dict[str, Any],
    model: Model = None,
    device: Device = TrainConfig.device,
) -> None:
    """Fit the temperature of a model to the validation reviews and write it into config.json.

    The validation reviews are the split `validation` or, without one, the reviews that `train`
    holds out. The test split is never used.
    """
    if model is None:
        raise ConfigError(
            "The shipped classifier is calibrated already. Give a model of yours: --model FOLDER."
        )
    if not model.is_dir() and is_model_id(model.as_posix()):
        raise ConfigError(
            f"There is no folder '{model}' to write the temperature into. If it is a model on the "
            f"Hub, download it first: hf download {model.as_posix()} --local-dir FOLDER"
        )
    from sentiment.artifacts.model_folder import save_temperature
    from sentiment.data.labels import align_labels
    from sentiment.data.reviews import load_reviews
    from sentiment.data.splits import fingerprint, train_and_validation
    from sentiment.inference.classifier import Classifier
    from sentiment.inference.evaluate import fit_and_compare_temperature
    from sentiment.runtime.locks import locked

    with locked(model):  # A training run there would overwrite the temperature.
        classifier = Classifier.from_pretrained(model, device=device)
        data = dataset_config(classifier.config.data, settings)
        reviews = load_reviews(data)
        _, validation = train_and_validation(reviews, data, classifier.config.train.seed)
        validation = align_labels(validation, classifier.labels, f"'{data.dataset}'")
        before, after = fit_and_compare_temperature(classifier, validation)
        fitted_to = {
            "dataset": data.dataset,
            "rows": after.n,
            "fingerprint": fingerprint(validation),
        }
        save_temperature(model, after.temperature, fitted_to)
    print_calibration(before, after, f"{data.dataset}, {after.n:,} validation reviews")
    print_line(f"Temperature written into {model}. Next: sentiment eval --model {model}")


def print_calibration(before: "Metrics", after: "Metrics", title: str) -> None:
    """Print temperature, loss and calibration error before and after."""
    table = new_table(title, "metric", "before", "after")
    for name, attribute in (
        ("temperature", "temperature"),
        ("loss", "loss"),
        ("calibration error", "ece"),
    ):
        table.add_row(name, *(f"{getattr(metrics, attribute):.4f}" for metrics in (before, after)))
    print_tables(table)
