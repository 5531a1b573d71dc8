"""Words on a command line in, one call of the other rooms out.

A command stands in a file named after it, which imports the rooms that it calls inside itself, so
that each command waits only for what it needs.
"""

import errno
import io
import os
import signal
import sys
from typing import NoReturn

import typer

from sentiment.cli.baseline import baseline
from sentiment.cli.calibrate import calibrate
from sentiment.cli.check import check
from sentiment.cli.demo import demo
from sentiment.cli.evaluate import evaluate
from sentiment.cli.predict import predict
from sentiment.cli.push import push
from sentiment.cli.report import report
from sentiment.cli.train import pretrain, train
from sentiment.cli.tune import tune
from sentiment.errors import InputError

# What the machine refuses, whatever we do: permissions, space, a disk that fails.
REFUSALS = {
    getattr(errno, name, None)
    for name in ("EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "EFBIG", "EIO", "ENAMETOOLONG")
} - {None}

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Sentiment classification with an LSTM: train, eval, predict, check.",
)
app.command("train")(train)
app.command("pretrain")(pretrain)
app.command("tune")(tune)
app.command("eval")(evaluate)
app.command("baseline")(baseline)
app.command("calibrate")(calibrate)
app.command("predict")(predict)
app.command("report")(report)
app.command("demo")(demo)
app.command("check")(check)
app.command("push")(push)


def main() -> None:
    """Run the command line. What the user can mend is said in one line, with exit code 2."""
    prepare_streams()
    # As Ctrl-C, which leaves nothing half written behind: Typer ends with code 130.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except InputError as error:
        fail(str(error))
    except BrokenPipeError:  # The reader of our output, `head` say, has seen enough.
        drop_output()
        sys.exit(1)  # As Typer does, where it happens before the end.
    except OSError as error:
        if error.errno not in REFUSALS:
            raise
        drop_output()
        where = f"use '{error.filename}'" if error.filename else "write to standard output"
        fail(f"Could not {where}: {error.strerror}.")


def fail(message: str) -> NoReturn:
    """End with an error that the user can mend."""
    print(f"Error: {message}", file=sys.stderr)
    sys.exit(2)


def drop_output() -> None:
    """Give up what is still to be printed, or Python would try again on its way out."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def prepare_streams() -> None:
    """Make standard output and error take any text.

    What the encoding of a console cannot show comes out as `?`. To a stream that was closed, which
    Python has as None, everything may be written, and nothing is kept.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
