"""Execute notebooks: `python notebooks/execute.py [--store] PATH...`.

An exception in a cell ends the program with exit code 1. `--store` writes the outputs into the
files, without the data that differs from run to run: cell timings and the version of Python.
"""

import argparse
import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode


def execute(notebook: NotebookNode, folder: Path) -> None:
    """Execute the cells of a notebook and replace their outputs.

    Args:
        notebook: the notebook; modified in place.
        folder: working directory of the kernel.

    Raises:
        CellExecutionError: if a cell raises an exception.
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
    parser = argparse.ArgumentParser(description="Execute notebooks.")
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    parser.add_argument("--store", action="store_true", help="write the outputs into the files")
    arguments = parser.parse_args()
    dataset = os.environ.get("DATASET", "")
    if Path(dataset).exists():  # A notebook runs in its own folder.
        os.environ["DATASET"] = os.path.abspath(dataset)
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
