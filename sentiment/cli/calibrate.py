"""`sentiment calibrate`."""

from typing import Any

from sentiment.cli.data import NAMING, named_data
from sentiment.cli.flags import Device, Model, with_settings
from sentiment.cli.show import print_calibration, show_warnings
from sentiment.config import DataConfig, TrainConfig
from sentiment.errors import InputError
from sentiment.runtime.network import is_model_id


@with_settings(DataConfig, only=NAMING)
def calibrate(
    settings: dict[str, Any],
    model: Model = None,
    device: Device = TrainConfig.device,
) -> None:
    """Fit a model's temperature to the validation reviews, and write it into its config.json.

    Those are the split `validation`, or what train would hold out; never the test split.
    """
    if model is None:
        raise InputError(
            "The shipped model is calibrated already. Name one of yours: --model FOLDER."
        )
    if not model.is_dir() and is_model_id(model.as_posix()):
        raise InputError(
            f"There is no folder '{model}' to write the temperature into. If it is a model of the "
            f"Hub, download it first: hf download {model.as_posix()} --local-dir FOLDER"
        )
    from sentiment.artifacts.model_folder import save_temperature
    from sentiment.data.columns import Notice
    from sentiment.data.labels import align_labels
    from sentiment.data.reviews import load_reviews
    from sentiment.data.splits import fingerprint, train_and_validation
    from sentiment.inference.classifier import Classifier
    from sentiment.inference.evaluate import fit_and_compare_temperature
    from sentiment.runtime.atomic_io import locked

    show_warnings(Notice)
    with locked(model):  # A run that is at work there would undo it.
        classifier = Classifier.from_pretrained(model, device=device)
        data = named_data(classifier.config.data, settings)
        corpus = load_reviews(data)
        _, validation = train_and_validation(corpus, data, classifier.config.train.seed)
        validation = align_labels(validation, classifier.labels, f"'{data.dataset}'")
        before, after = fit_and_compare_temperature(classifier, validation)
        fitted_to = {
            "dataset": data.dataset,
            "rows": after.n,
            "fingerprint": fingerprint(validation),
        }
        save_temperature(model, after.temperature, fitted_to)
    print_calibration(before, after, f"{data.dataset}, {after.n:,} validation reviews")
    print(f"Written into {model}. Next: sentiment eval --model {model}")
