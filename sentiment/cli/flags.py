"""Command-line options: those that commands share, and one for each setting."""

import dataclasses
import inspect
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_type_hints

import typer

from sentiment.config import SHIPPED_CLASSIFIER
from sentiment.runtime.paths import user_path


def given_path(path: Path | None) -> Path | None:
    """Return the path that an option was given, ready for use; None if there is none.

    Raises:
        ConfigError: the path cannot be used, see `user_path`.
    """
    return None if path is None else user_path(path)


Model = Annotated[
    Path | None,
    typer.Option(
        help="Folder of a trained model, or its Hub id.",
        show_default=SHIPPED_CLASSIFIER,
        callback=given_path,
    ),
]
Device = Annotated[
    Literal["auto", "cpu", "cuda", "mps"],
    typer.Option(help="Device to compute on; auto is a GPU if there is one, else the CPU."),
]
Backend = Annotated[
    Literal["auto", "torch", "onnx", "onnx-int8"],
    typer.Option(
        help="What computes the predictions: PyTorch, or ONNX Runtime on the CPU in float32 or "
        "with 8-bit weights, which is faster. auto is onnx-int8 where onnx and onnxruntime are "
        "installed and there is no GPU; an export is used as it is."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def save_result(model: Path | None, name: str, result: dict[str, Any]) -> None:
    """Write a result as the file `name` into the folder of a model.

    Writes nothing for the shipped model and for a model on the Hub.

    Raises:
        StorageError: the folder cannot be written to.
    """
    if model is None or not model.is_dir():
        return
    from sentiment.artifacts.checksums import write_json
    from sentiment.runtime.atomic_io import atomic_folder

    with atomic_folder(model) as stage:
        write_json(stage / name, result)


def with_settings(
    *sections: type,
    preset: Mapping[str, Any] = MappingProxyType({}),
    without: Iterable[str] = (),
    only: Iterable[str] | None = None,
    show_default: str | None = None,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command one option for each setting.

    The command gets the settings that were given on the command line as its argument `settings`.

    Args:
        sections: the classes of settings, each field one setting.
        preset: defaults that differ from those of the sections.
        without: settings to leave out.
        only: settings to offer; None: all.
        show_default: the default to print in the help text, where it is not a fixed value.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = [
            parameter
            for parameter in inspect.signature(command, eval_str=True).parameters.values()
            if parameter.name != "settings"
        ]
        options = [
            setting_option(
                section, field, preset.get(field.name, field.default), show_default or True
            )
            for section in sections
            for field in dataclasses.fields(section)
            if field.name not in without and (only is None or field.name in only)
        ]

        def run(context: typer.Context, **arguments: Any) -> None:
            settings = {}
            for option in options:
                value = arguments.pop(option.name)
                if context.get_parameter_source(option.name).name != "DEFAULT":  # type: ignore[union-attr]
                    settings[option.name] = value
            command(**arguments, settings=settings)

        context = inspect.Parameter(
            "context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context
        )
        parameters = [context, *own, *options]
        # Typer reads the options of a command from its signature.
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        run.__doc__ = command.__doc__
        run.__name__, run.__module__ = command.__name__, command.__module__
        return run

    return decorate


def setting_option(
    section: type, field: dataclasses.Field[Any], default: Any, show_default: str | bool
) -> inspect.Parameter:
    """Return the parameter of a command that Typer makes the option of a setting."""
    option = typer.Option(help=field.metadata["help"], show_default=show_default)
    return inspect.Parameter(
        field.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[get_type_hints(section)[field.name], option],
    )


def as_words(settings: Mapping[str, Any]) -> list[str]:
    """Return settings as command-line words: `--epochs`, `4`, `--no-lowercase`."""
    words = []
    for name, value in settings.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        elif value is not None:
            words += [f"--{flag}", str(value)]
    return words


def as_flags(settings: Mapping[str, Any]) -> str:
    """Return settings as text: `--epochs 4, --pooling max+mean`."""
    pairs = (as_words({name: value}) for name, value in settings.items())
    return ", ".join(" ".join(pair) for pair in pairs if pair)
