"""Config fields in, command-line flags out."""

import dataclasses
import inspect
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_type_hints

import typer

from sentiment.config import DataConfig

Model = Annotated[
    Path | None,
    typer.Option(help="Folder of a trained model, or its Hub id.", show_default="the shipped one"),
]
Dataset = Annotated[
    str | None, typer.Option(help="Reviews, as for train.", show_default="the model's")
]
Revision = Annotated[str | None, typer.Option(help="Branch, tag or commit of a Hub data set.")]
Device = Annotated[Literal["auto", "cpu", "cuda", "mps"], typer.Option(help="Where to compute.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def named_data(own: DataConfig, dataset: str | None, revision: str | None) -> DataConfig:
    """The data that a command reads: those named on its command line, else the model's `own`."""
    if dataset is None:
        dataset, revision = own.dataset, revision or own.revision
    return dataclasses.replace(own, dataset=dataset, revision=revision)


def keep(model: Path | None, name: str, result: dict[str, Any]) -> None:
    """Write a result as `name` into the folder of a named model; one of the Hub has none here."""
    if model is None or not model.is_dir():
        return
    from sentiment.bundle import write_json
    from sentiment.writing import staged

    with staged(model) as stage:
        write_json(stage / name, result)


def with_settings(
    *sections: type, recipe: Mapping[str, Any] = MappingProxyType({}), without: Iterable[str] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command one flag for each field of the config `sections` but those in `without`.

    Defaults are those of `recipe`, else of the config. The command gets those that were named on
    the command line as its argument `settings`.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = [
            parameter
            for parameter in inspect.signature(command, eval_str=True).parameters.values()
            if parameter.name != "settings"
        ]
        flags = [
            flag(section, field, recipe.get(field.name, field.default))
            for section in sections
            for field in dataclasses.fields(section)
            if field.name not in without
        ]

        def run(context: typer.Context, **arguments: Any) -> None:
            settings = {}
            for parameter in flags:
                value = arguments.pop(parameter.name)
                if context.get_parameter_source(parameter.name).name != "DEFAULT":  # type: ignore[union-attr]
                    settings[parameter.name] = value
            command(**arguments, settings=settings)

        context = inspect.Parameter(
            "context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context
        )
        parameters = [context, *own, *flags]
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        run.__doc__ = command.__doc__
        run.__name__ = command.__name__
        return run

    return decorate


def flag(section: type, field: dataclasses.Field[Any], default: Any) -> inspect.Parameter:
    """The command-line flag of a config field."""
    return inspect.Parameter(
        field.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[
            get_type_hints(section)[field.name], typer.Option(help=field.metadata["help"])
        ],
    )


def as_flags(recipe: dict[str, Any]) -> str:
    """Settings as they are typed: `--epochs 4, --pooling max+mean`."""
    return ", ".join(
        f"--{name.replace('_', '-')} {value}" for name, value in recipe.items() if value is not None
    )
