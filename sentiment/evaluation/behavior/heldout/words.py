"""The words of the held-out part. `sentiment.data.synthetic.templates` explains the kinds."""

# Drawn once a text.
FACTS: dict[str, tuple[str, ...]] = {
    "actor": (
        "Emma Collins", "Robert Hayes", "Leila Mansour", "Antoine Girard", "Hiro Nakamura",
        "Susan Keller", "Marcus Reid", "Natalia Orlova", "Kwame Boateng", "Julia Bergmann",
        "Diego Vargas", "Lin Zhao", "Sean Murphy", "Astrid Holm", "Omar Farouk", "Betty Sanders",
        "Ivan Kovac", "Thandi Dube", "Karl Becker", "Anjali Rao",
    ),
    "director": (
        "Frank Ellison", "Chiara Conti", "Joon Park", "Miriam Gold", "Luis Herrera", "Eva Strand",
        "Pavel Dvorak", "Rania Aziz", "Stephen Moore", "Akira Mori",
    ),
    "place": (
        "Boston", "Madrid", "Osaka", "Lagos", "Edinburgh", "Delhi", "Montreal", "Prague", "Athens",
        "Melbourne", "Florence", "Jakarta", "Denver", "Berlin", "Shanghai", "New Orleans",
    ),
    "year": (
        "1936", "1939", "1944", "1949", "1955", "1960", "1964", "1969", "1973", "1977", "1981",
        "1985", "1988", "1992", "1996", "1999", "2002", "2005",
    ),
    "month": (
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ),
    "genre": (
        "crime film", "horror movie", "biopic", "satire", "melodrama", "family film", "fantasy",
        "costume drama", "detective story", "ghost story",
    ),
    "job": (
        "doctor", "baker", "soldier", "priest", "detective", "gardener", "professor", "painter",
        "taxi driver", "clerk", "carpenter", "singer",
    ),
    "friend": (
        "my mother", "my son", "my girlfriend", "my boyfriend", "my cousin", "my aunt",
        "a colleague", "my best friend",
    ),
}  # fmt: skip

# Drawn anew for each slot, none twice in a text.
WORDS: dict[str, tuple[str, ...]] = {
    "aspect": (
        "story", "script", "cast", "direction", "soundtrack", "camera work", "pacing", "editing",
        "humor", "set design",
    ),
    "mass": ("direction", "editing", "camera work", "writing"),
    "part": ("script", "cast", "soundtrack", "climax", "finale"),
}  # fmt: skip

# The same, for each polarity: (negative words, positive words).
OPINIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    # Of a film or a part of it.
    "adj": (
        (
            "dreadful", "poor", "lousy", "atrocious", "pathetic", "amateurish", "appalling",
            "embarrassing", "substandard", "sloppy", "ridiculous", "mediocre",
        ),
        (
            "great", "superb", "amazing", "outstanding", "impressive", "magnificent", "lovely",
            "stunning", "perfect", "extraordinary", "exquisite", "inspired",
        ),
    ),
    # Of a film.
    "filmy": (
        (
            "dull", "silly", "lifeless", "tiresome", "irritating", "shallow", "dreary",
            "monotonous", "ludicrous",
        ),
        (
            "hilarious", "moving", "engaging", "entertaining", "delightful", "compelling",
            "thrilling", "absorbing", "witty",
        ),
    ),
    # Words whose negation is no faint praise or blame.
    "mild": (
        (
            "dull", "silly", "shallow", "tiresome", "irritating", "sloppy", "poor", "dreary",
            "lifeless",
        ),
        (
            "engaging", "entertaining", "believable", "moving", "witty", "impressive", "original",
            "amusing", "satisfying",
        ),
    ),
    "noun": (
        ("disaster", "flop", "letdown", "travesty", "fiasco"),
        ("delight", "pleasure", "classic", "marvel", "winner"),
    ),
    "stuff": (
        ("plot holes", "tired gags", "stereotypes", "noise"),
        ("heart", "imagination", "energy", "fresh ideas"),
    ),
    "loved": (("loathed", "despised", "deplored"), ("liked", "admired", "relished")),
    "love": (("loathe", "despise", "deplore"), ("like", "admire", "relish")),
    "felt": (
        ("frustrated", "fed up", "exasperated"),
        ("captivated", "amused", "enchanted", "gripped"),
    ),
    "better": (
        ("poorer", "sillier", "sloppier", "emptier"),
        ("greater", "richer", "smarter", "stronger"),
    ),
    "best": (("poorest", "silliest", "emptiest"), ("greatest", "smartest", "loveliest")),
    "rating": (("two", "three"), ("eight", "nine", "ten")),
}  # fmt: skip

# From the weakest to the strongest.
DEGREES: tuple[tuple[tuple[str, ...], ...], tuple[tuple[str, ...], ...]] = (
    (
        ("somewhat dull", "dull", "really dull"),
        ("a little silly", "silly", "utterly silly"),
        ("somewhat tiresome", "tiresome", "terribly tiresome"),
        ("somewhat poor", "poor", "exceptionally poor"),
        ("a little shallow", "shallow", "really shallow"),
        ("a little irritating", "irritating", "intensely irritating"),
        ("somewhat dreary", "dreary", "utterly dreary"),
        ("a little sloppy", "sloppy", "really sloppy"),
    ),
    (
        ("reasonably entertaining", "entertaining", "really entertaining"),
        ("somewhat moving", "moving", "profoundly moving"),
        ("reasonably witty", "witty", "truly witty"),
        ("somewhat amusing", "amusing", "hugely amusing"),
        ("reasonably engaging", "engaging", "thoroughly engaging"),
        ("somewhat impressive", "impressive", "truly impressive"),
        ("reasonably original", "original", "highly original"),
        ("somewhat thrilling", "thrilling", "really thrilling"),
    ),
)
STRENGTHS: tuple[tuple[tuple[str, ...], ...], tuple[tuple[str, ...], ...]] = (
    (
        ("poor", "really poor", "dreadful"),
        ("unremarkable", "poor", "atrocious"),
        ("silly", "very silly", "ludicrous"),
        ("so-so", "poor", "appalling"),
        ("dull", "really dull", "mind-numbing"),
        ("uneven", "poor", "pathetic"),
    ),
    (
        ("great", "really great", "superb"),
        ("fine", "great", "magnificent"),
        ("amusing", "very amusing", "hilarious"),
        ("nice", "great", "outstanding"),
        ("impressive", "very impressive", "stunning"),
        ("solid", "great", "perfect"),
    ),
)
