"""Words on a command line in, one call of the other rooms out.

A command stands in a file named after it, which imports the rooms that it calls inside itself, so
that each command waits only for what it needs.
"""

import io
import os
import sys

import typer

from sentiment.cli.baseline import baseline
from sentiment.cli.calibrate import calibrate
from sentiment.cli.check import check
from sentiment.cli.demo import demo
from sentiment.cli.evaluate import evaluate
from sentiment.cli.predict import predict
from sentiment.cli.report import report
from sentiment.cli.train import pretrain, train
from sentiment.errors import InputError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Sentiment classification with an LSTM: train, eval, predict, check.",
)
app.command("train")(train)
app.command("pretrain")(pretrain)
app.command("eval")(evaluate)
app.command("baseline")(baseline)
app.command("calibrate")(calibrate)
app.command("predict")(predict)
app.command("report")(report)
app.command("demo")(demo)
app.command("check")(check)


def main() -> None:
    """Run the command line. Errors that the user can mend exit with code 2, on one line."""
    prepare_streams()
    try:
        app()
    except InputError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # The reader of our output, `head` say, has seen enough.
        sys.stderr.close()
        sys.exit(0)


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
