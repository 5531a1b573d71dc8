"""The words of the development part. `sentiment.data.synthetic.templates` explains the kinds."""

# Drawn once a text.
FACTS: dict[str, tuple[str, ...]] = {
    "actor": (
        "Maria Lopez", "James Porter", "Aisha Khan", "Pierre Lambert", "Kenji Ito", "Rachel Stein",
        "Tom Baxter", "Olga Petrova", "Samuel Okoro", "Linda Hughes", "Carlos Mendes", "Mei Chen",
        "Patrick Doyle", "Ingrid Larsen", "Ahmed Saleh", "Nancy Whitaker", "Viktor Horvat",
        "Grace Mbeki", "Paul Fischer", "Priya Nair",
    ),
    "director": (
        "Henry Walsh", "Sofia Ricci", "Daniel Kim", "Ruth Adler", "Jorge Ramos", "Anna Lindgren",
        "Peter Novak", "Fatima Haddad", "Michael Grant", "Yuki Tanaka",
    ),
    "place": (
        "Chicago", "Lisbon", "Tokyo", "Nairobi", "Dublin", "Mumbai", "Toronto", "Warsaw", "Cairo",
        "Sydney", "Naples", "Manila", "Houston", "Vienna", "Hong Kong", "Buenos Aires",
    ),
    "year": (
        "1934", "1941", "1947", "1953", "1958", "1962", "1966", "1971", "1975", "1979", "1983",
        "1986", "1990", "1994", "1997", "2001", "2004", "2006",
    ),
    "day": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "genre": (
        "western", "thriller", "comedy", "drama", "musical", "mystery", "war film", "road movie",
        "spy film", "love story",
    ),
    "job": (
        "teacher", "nurse", "sailor", "lawyer", "farmer", "pilot", "waitress", "journalist",
        "mechanic", "dentist", "translator", "fisherman",
    ),
    "friend": (
        "my sister", "my brother", "my wife", "my husband", "my father", "my roommate",
        "my neighbor", "a friend",
    ),
}  # fmt: skip

# Drawn anew for each slot, none twice in a text.
WORDS: dict[str, tuple[str, ...]] = {
    "aspect": (
        "plot", "acting", "dialogue", "ending", "music", "photography", "opening scene",
        "lighting", "casting", "costume design",
    ),
    "mass": ("acting", "music", "dialogue", "photography"),
    "part": ("plot", "ending", "opening scene", "final twist", "title song"),
    "really": ("really", "very", "so", "truly"),
}  # fmt: skip

# The same, for each polarity: (negative words, positive words).
OPINIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    # Of a film or a part of it.
    "adj": (
        (
            "awful", "terrible", "horrible", "disappointing", "weak", "annoying", "clumsy",
            "laughable", "bland", "third-rate", "abysmal", "uninspired",
        ),
        (
            "wonderful", "brilliant", "excellent", "fantastic", "beautiful", "memorable",
            "terrific", "clever", "remarkable", "splendid", "first-rate", "marvelous",
        ),
    ),
    # Of a film.
    "filmy": (
        (
            "boring", "stupid", "predictable", "pointless", "tedious", "forgettable", "lame",
            "brainless", "sluggish",
        ),
        (
            "gripping", "funny", "charming", "touching", "enjoyable", "exciting", "fascinating",
            "powerful", "heartwarming",
        ),
    ),
    # Words whose negation is no faint praise or blame.
    "mild": (
        ("bad", "boring", "stupid", "predictable", "lame", "clumsy", "weak", "annoying", "bland"),
        (
            "good", "funny", "convincing", "exciting", "interesting", "memorable", "clever",
            "gripping", "enjoyable",
        ),
    ),
    "noun": (
        ("mess", "bore", "failure", "disappointment", "dud"),
        ("gem", "treat", "joy", "masterpiece", "triumph"),
    ),
    "stuff": (
        ("nonsense", "padding", "clichés", "bad jokes"),
        ("charm", "wit", "warmth", "great jokes"),
    ),
    "loved": (("hated", "disliked", "detested"), ("loved", "enjoyed", "adored")),
    "love": (("hate", "dislike", "detest"), ("love", "enjoy", "adore")),
    "felt": (
        ("bored", "annoyed", "disappointed", "irritated"),
        ("moved", "thrilled", "delighted", "entertained"),
    ),
    "better": (("worse", "weaker", "duller", "lazier"), ("better", "finer", "funnier", "sharper")),
    "best": (("worst", "dullest", "weakest"), ("best", "finest", "funniest")),
    "rating": (("1", "2", "3"), ("8", "9", "10")),
}  # fmt: skip

# From the weakest to the strongest.
DEGREES: tuple[tuple[tuple[str, ...], ...], tuple[tuple[str, ...], ...]] = (
    (
        ("rather boring", "boring", "extremely boring"),
        ("a bit stupid", "stupid", "absolutely stupid"),
        ("rather weak", "weak", "very weak"),
        ("slightly annoying", "annoying", "extremely annoying"),
        ("rather predictable", "predictable", "totally predictable"),
        ("a bit clumsy", "clumsy", "very clumsy"),
        ("a bit lame", "lame", "incredibly lame"),
        ("rather disappointing", "disappointing", "very disappointing"),
    ),
    (
        ("fairly good", "good", "very good"),
        ("fairly funny", "funny", "very funny"),
        ("fairly exciting", "exciting", "extremely exciting"),
        ("fairly clever", "clever", "very clever"),
        ("fairly touching", "touching", "deeply touching"),
        ("fairly enjoyable", "enjoyable", "extremely enjoyable"),
        ("mildly charming", "charming", "absolutely charming"),
        ("fairly gripping", "gripping", "incredibly gripping"),
    ),
)
STRENGTHS: tuple[tuple[tuple[str, ...], ...], tuple[tuple[str, ...], ...]] = (
    (
        ("bad", "very bad", "terrible"),
        ("weak", "very weak", "awful"),
        ("bad", "really bad", "horrible"),
        ("mediocre", "bad", "abysmal"),
        ("lame", "very lame", "unwatchable"),
        ("boring", "very boring", "unbearable"),
    ),
    (
        ("good", "very good", "excellent"),
        ("decent", "good", "wonderful"),
        ("good", "really good", "brilliant"),
        ("okay", "good", "fantastic"),
        ("watchable", "good", "terrific"),
        ("clever", "very clever", "brilliant"),
    ),
)
