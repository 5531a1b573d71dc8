"""`sentiment calibrate`."""

from sentiment.cli.flags import Dataset, Device, Model, Revision, named_data
from sentiment.cli.show import print_calibration
from sentiment.config import TrainConfig
from sentiment.errors import InputError
from sentiment.hub import is_model_id


def calibrate(
    model: Model = None,
    dataset: Dataset = None,
    revision: Revision = None,
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
    from sentiment.bundle import load_bundle, save_temperature
    from sentiment.corpus import fingerprint, load_corpus, train_and_validation
    from sentiment.evaluate import calibrate
    from sentiment.model import choose_device
    from sentiment.writing import locked

    with locked(model):  # A run that is at work there would undo it.
        bundle = load_bundle(model, choose_device(device))
        data = named_data(bundle.config.data, dataset, revision)
        corpus = load_corpus(data.dataset, data.revision)
        _, validation = train_and_validation(corpus, data, bundle.config.train.seed)
        before, after = calibrate(bundle, validation)
        fitted_to = {
            "dataset": data.dataset,
            "rows": after.n,
            "fingerprint": fingerprint(validation),
        }
        save_temperature(model, after.temperature, fitted_to)
    print_calibration(before, after, f"{data.dataset}, {after.n:,} validation reviews")
    print(f"Written into {model}. Next: sentiment eval --model {model}")
