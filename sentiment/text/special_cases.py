"""Find the spaces in a text that a special case of spaCy's tokenizer may contain.

spaCy first tokenizes each chunk between spaces. Then it searches the tokens of the whole text for
the tokens of a special case, which may come from neighboring chunks: from `:) )` come the tokens
`:)` and `)`, and a special case makes `: ) )` of them. A space matters if the character before it
can end a token of a special case, and the character after it can begin the next token.

No special case extends over more than one space, because spaCy makes a token of any further
whitespace, and special cases that contain such a token have no pattern here.
"""

import re
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from spacy.tokenizer import Tokenizer as SpacyTokenizer

CharacterPair = tuple[str, str]  # Before and after a space.


def linking_spaces(tokenizer: Any, is_possible: Callable[[str], bool]) -> re.Pattern[str] | None:
    """Return a pattern that matches each space that a special case may contain.

    It may match more spaces, which costs speed only: of two neighboring tokens of a special case it
    compares the last character of the first and the first character of the second.

    Args:
        tokenizer: the tokenizer of a spaCy language.
        is_possible: whether a text can contain a special case.

    Returns:
        The pattern. None if special cases may contain any whitespace, or if the tokenizer is not
        rule-based.
    """
    if type(tokenizer) is not SpacyTokenizer:
        return None
    # spaCy searches for a special case as the tokens that it has without special cases.
    without_rules = SpacyTokenizer(
        tokenizer.vocab,
        prefix_search=tokenizer.prefix_search,
        suffix_search=tokenizer.suffix_search,
        infix_finditer=tokenizer.infix_finditer,
        token_match=tokenizer.token_match,
        url_match=tokenizer.url_match,
    )
    pairs: set[CharacterPair] = set()
    for rule in filter(is_possible, tokenizer.rules):
        tokens = [token.text for token in without_rules(rule)]
        pairs.update((left[-1], right[0]) for left, right in pairwise(tokens))
    if any(character.isspace() for pair in pairs for character in pair):
        return None
    # The first lookahead is for speed: it has two alternatives, not fifty, and few spaces pass it.
    coarse = pair_pattern(pairs, lambda pair: pair[1].isalnum())
    exact = pair_pattern(pairs, lambda pair: pair[1])
    return re.compile(f" (?={coarse})(?={exact})")


def pair_pattern(pairs: set[CharacterPair], group_of: Callable[[CharacterPair], object]) -> str:
    r"""Return a pattern for the position after a space: the next character and the one before it.

    The pairs `(":", ")")` and `(";", ")")`, grouped by their second character, give
    `[\)](?<=[:;] .)`: a `)` that follows `:` or `;` and one space.

    Args:
        pairs: the characters before and after a space.
        group_of: the group of a pair. Within a group, any first character may precede any second
            one.
    """
    groups = defaultdict(list)
    for pair in sorted(pairs):
        groups[group_of(pair)].append(pair)
    patterns = []
    for group in groups.values():
        lefts, rights = ("".join(map(re.escape, side)) for side in zip(*group, strict=True))
        patterns.append(f"[{rights}](?<=[{lefts}] .)")
    return "|".join(patterns) or "(?!)"
