"""Config fields in, command-line flags out."""

import dataclasses
import inspect
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_type_hints

import typer

Model = Annotated[
    Path | None,
    typer.Option(help="Folder of a trained model, or its Hub id.", show_default="the shipped one"),
]
Device = Annotated[Literal["auto", "cpu", "cuda", "mps"], typer.Option(help="Where to compute.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def keep(model: Path | None, name: str, result: dict[str, Any]) -> None:
    """Write a result as `name` into the folder of a named model; one of the Hub has none here."""
    if model is None or not model.is_dir():
        return
    from sentiment.artifacts.checksums import write_json
    from sentiment.runtime.atomic_io import staged

    with staged(model) as stage:
        write_json(stage / name, result)


def with_settings(
    *sections: type,
    recipe: Mapping[str, Any] = MappingProxyType({}),
    without: Iterable[str] = (),
    only: Iterable[str] | None = None,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command one flag for each field of the config `sections` but those in `without`.

    With `only` it is one for each of these.

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
            if field.name not in without and (only is None or field.name in only)
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
        run.__name__, run.__module__ = command.__name__, command.__module__
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


def as_words(settings: Mapping[str, Any]) -> list[str]:
    """Settings as the words of a command line: `--epochs`, `4`, `--no-lowercase`."""
    words = []
    for name, value in settings.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        elif value is not None:
            words += [f"--{flag}", str(value)]
    return words


def as_flags(recipe: dict[str, Any]) -> str:
    """Settings for people to read: `--epochs 4, --pooling max+mean`."""
    pairs = (as_words({name: value}) for name, value in recipe.items())
    return ", ".join(" ".join(pair) for pair in pairs if pair)
