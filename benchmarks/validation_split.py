"""How far validation accuracy is from test accuracy, by how validation was held out.

    python benchmarks/validation_split.py --dataset stanfordnlp/imdb

Trains the recipe from scratch once with the contiguous and once with the random validation split,
and measures both on the test split. IMDB's training reviews stand in order of movie: at random, a
movie has reviews on both sides. A run that is in --runs already is measured, not trained again.
"""

import argparse
import os
from pathlib import Path

from rich.console import Console
from rich.table import Table

from sentiment.config import FROM_SCRATCH, Config
from sentiment.data.reviews import load_reviews
from sentiment.data.splits import labelled_split
from sentiment.inference.classifier import Classifier
from sentiment.training.classification import train


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--dataset", default=os.environ.get("DATASET", "stanfordnlp/imdb"))
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where the two runs go")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    test = labelled_split(load_reviews(arguments.dataset), "test", arguments.dataset)
    table = Table(title="Accuracy by validation split", title_justify="left")
    for heading in ("held out", "validation", "test", "difference"):
        table.add_column(heading, justify="left" if heading == "held out" else "right")
    for how in ("contiguous", "random"):
        out = arguments.runs / f"validation-{how}-{arguments.seed}"
        settings = {"dataset": arguments.dataset, "validation": how, "seed": arguments.seed}
        config = Config.from_flat(**FROM_SCRATCH, **settings)
        validation = train(config, out, resume=out.is_dir()).validation["accuracy"]
        accuracy = Classifier.from_pretrained(out).evaluate(test).accuracy
        points = 100 * (validation - accuracy)
        table.add_row(how, f"{validation:.2%}", f"{accuracy:.2%}", f"{points:+.2f} points")
    Console().print(table)


if __name__ == "__main__":
    main()
