"""Command-line interface.

Each command has a module, which imports the packages that it needs when it runs: `sentiment --help`
does not wait for PyTorch.
"""

import errno
import io
import os
import signal
import sys
import tempfile
from typing import Annotated, NoReturn

import typer

from sentiment import __version__
from sentiment.cli.baseline import baseline
from sentiment.cli.calibrate import calibrate
from sentiment.cli.check import check
from sentiment.cli.demo import demo
from sentiment.cli.evaluate import evaluate
from sentiment.cli.export import export
from sentiment.cli.messages import print_library_messages, print_line, with_flags
from sentiment.cli.predict import predict
from sentiment.cli.push import push
from sentiment.cli.report import report
from sentiment.cli.serve import serve
from sentiment.cli.train import pretrain, train
from sentiment.cli.tune import tune
from sentiment.errors import OtherProcessError, SentimentError, describe
from sentiment.runtime.threads import configure_openmp

# Errors of the system that a user can correct: permissions, space, a failing disk.
SYSTEM_ERRORS = {
    getattr(errno, name, None)
    for name in ("EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "EFBIG", "EIO", "ENAMETOOLONG")
} - {None}
# Errors of writing into a pipe that its reader has closed. Windows has both.
CLOSED_PIPE = {errno.EPIPE, errno.EINVAL} if os.name == "nt" else {errno.EPIPE}

# Packages that an installation for predictions with ONNX may lack.
LEFT_OUT = ("datasets", "huggingface_hub", "jinja2", "pyarrow", "scipy", "sklearn", "torch")

# The base of Typer's errors in the arguments, which its versions import from different places.
UsageError: type[typer.BadParameter] = typer.BadParameter.__mro__[1]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
app.command("train")(train)
app.command("pretrain")(pretrain)
app.command("tune")(tune)
app.command("eval")(evaluate)
app.command("baseline")(baseline)
app.command("calibrate")(calibrate)
app.command("predict")(predict)
app.command("export")(export)
app.command("report")(report)
app.command("demo")(demo)
app.command("serve")(serve)
app.command("check")(check)
app.command("push")(push)


def print_version(wanted: bool) -> None:
    """Print the version and exit, if `--version` was given."""
    if wanted:
        print_line(f"sentiment {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def sentiment(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=print_version, is_eager=True),
    ] = False,
) -> None:
    """Sentiment classification with an LSTM: train, evaluate, predict and explain."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


def main() -> None:
    """Run the command line. An error that a user can correct is one line, with exit code 2."""
    configure_openmp(os.environ)
    prepare_streams()
    temporary_folder = find_temporary_folder()
    print_library_messages()
    # Like Ctrl-C, which leaves no unfinished files: Typer exits with code 130.
    # Windows has no SIGHUP, and `nohup` ignores it. Only Windows has SIGBREAK, Ctrl-Break.
    for name in ("SIGTERM", "SIGHUP", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    try:
        try:
            code = app(standalone_mode=False)
        finally:
            sys.stdout.flush()
    except UsageError as error:
        fail(error.format_message())
    except OtherProcessError:  # That process prints the error.
        sys.exit(2)
    except SentimentError as error:
        fail(str(error))
    except ModuleNotFoundError as error:
        if (name := str(error.name).split(".")[0]) not in LEFT_OUT:
            raise
        fail(
            f"This needs the package {name}, which requirements-onnx.txt leaves out: "
            "pip install -r requirements.txt"
        )
    except OSError as error:
        if error.errno in CLOSED_PIPE and error.filename is None:  # By `head`, for example.
            discard_output()
            sys.exit(1)  # As Typer does before the end.
        if error.errno not in SYSTEM_ERRORS and temporary_folder:
            raise
        discard_output()
        fail(system_error(error, temporary_folder))
    sys.exit(code or 0)  # A command returns None; typer.Exit, its code.


def fail(message: str) -> NoReturn:
    """Print an error message and exit with code 2."""
    print_line(f"Error: {with_flags(message)}", file=sys.stderr)
    sys.exit(2)


def find_temporary_folder() -> bool:
    """Return whether there is a temporary folder that can be written to.

    Without one, PyTorch could not be imported: it imports dill, which asks for the name of the
    folder. So a name is set, and only what writes into the folder fails.
    """
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        tempfile.tempdir = os.environ.get("TMPDIR") or os.path.abspath(os.sep + "tmp")
        return False
    return True


def system_error(error: OSError, temporary_folder: bool) -> str:
    """Return the message for an error of the system, or of a package that names no file."""
    if error.errno is None:
        message = f"{describe(error)}."
    elif error.filename is None:
        return f"Could not write to standard output: {error.strerror}."
    else:
        message = f"Could not use '{error.filename}': {error.strerror}."
    if temporary_folder:
        return message
    return f"{message} No temporary folder can be written to: set TMPDIR to one that can."


def discard_output() -> None:
    """Discard buffered output, which Python would try to write again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def prepare_streams() -> None:
    """Make standard output and standard error accept any text.

    Characters that the encoding of a console does not have are printed as `?`. Output to a closed
    stream, which is None in Python, is discarded.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
