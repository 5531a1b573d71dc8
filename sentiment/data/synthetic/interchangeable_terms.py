"""Words of one kind that must not move a score when one replaces another.

`interchangeable_terms.json` has words for religion, sexual orientation, nationality, ethnicity,
gender and disability, given names and cities, by language and kind, in groups with the same form.
Words that are more often something else, such as "Hope" and "Nice", are left out.
"""

import json
from functools import cache
from pathlib import Path

TERMS_FILE = Path(__file__).with_name("interchangeable_terms.json")
Groups = tuple[tuple[str, ...], ...]


@cache
def interchangeable_terms(language: str) -> dict[str, Groups]:
    """Return the groups of a language by kind, in lower case; there may be none."""
    kinds = json.loads(TERMS_FILE.read_text(encoding="utf-8")).get(language, {})
    return {kind: tuple(map(tuple, groups)) for kind, groups in kinds.items()}
