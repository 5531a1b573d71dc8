"""Run notebooks from the first cell to the last: `python notebooks/execute.py [--store] PATH...`.

An error in a cell is an error here. With `--store` the files take what came out, without what
differs from run to run and says nothing: times, and the version of Python.
"""

import argparse
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode


def execute(notebook: NotebookNode, folder: Path) -> None:
    """Run `notebook` in `folder`, and put what comes out into its cells.

    Raises:
        CellExecutionError: a cell failed.
    """
    metadata = dict(notebook.metadata)
    NotebookClient(
        notebook,
        timeout=None,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    ).execute()
    notebook.metadata = NotebookNode(metadata)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, usage="%(prog)s [--store] PATH...")
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    parser.add_argument("--store", action="store_true", help="write what came out into the files")
    arguments = parser.parse_args()
    for path in arguments.paths:
        print(path, flush=True)
        notebook = nbformat.read(path, as_version=4)
        try:
            execute(notebook, path.parent)
        except CellExecutionError as error:
            sys.exit(f"{path}: {error}")
        if arguments.store:
            nbformat.write(notebook, path)


if __name__ == "__main__":
    main()
