"""The words that fill the slots of the phrases, the same for every split.

A model can only judge the phrases of a split that it has not seen if it knows the words in them.
"""

# A slot with a sign is filled from the words of one polarity: (negative words, positive words).
OPINION_WORDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "adj": (
        (
            "awful", "terrible", "dreadful", "horrible", "ridiculous", "painful", "messy",
            "bad", "dull", "boring", "tedious", "poor", "weak", "lazy", "clumsy", "flat",
            "tiresome", "annoying", "forgettable", "bland", "shallow", "lifeless", "stale",
            "silly", "irritating", "hollow", "sloppy", "awkward", "lame", "pointless",
        ),
        (
            "wonderful", "brilliant", "superb", "splendid", "beautiful", "excellent", "terrific",
            "good", "great", "interesting", "clever", "charming", "gripping", "moving",
            "engaging", "fresh", "compelling", "enjoyable", "entertaining", "memorable",
            "convincing", "touching", "exciting", "lively", "thoughtful", "original",
            "graceful", "witty", "fascinating", "delightful",
        ),
    ),
    # Negated words: "not awful" and "not superb" are faint, "not dull" and "not clever" are clear.
    "mild": (
        (
            "bad", "dull", "boring", "tedious", "poor", "weak", "lazy", "clumsy", "flat",
            "tiresome", "annoying", "forgettable", "bland", "shallow", "lifeless", "stale",
            "silly", "irritating", "hollow", "sloppy", "awkward", "lame", "pointless",
        ),
        (
            "good", "great", "interesting", "clever", "charming", "gripping", "moving",
            "engaging", "fresh", "compelling", "enjoyable", "entertaining", "memorable",
            "convincing", "touching", "exciting", "lively", "thoughtful", "original",
            "graceful", "witty", "fascinating", "delightful",
        ),
    ),
    "noun": (
        (
            "mess", "bore", "disaster", "chore", "failure", "letdown", "disappointment", "dud",
            "flop", "ordeal",
        ),
        (
            "joy", "gem", "treat", "delight", "triumph", "masterpiece", "success", "pleasure",
            "winner", "marvel",
        ),
    ),
    "stuff": (
        ("padding", "nonsense", "noise", "clutter", "filler", "laziness", "silliness"),
        ("charm", "wit", "heart", "warmth", "energy", "imagination", "depth"),
    ),
    "verb": (
        ("fails", "bores", "grates", "disappoints", "stumbles", "irritates", "annoys"),
        ("works", "shines", "delights", "charms", "impresses", "convinces", "succeeds"),
    ),
    "do": (
        ("fail", "bore", "grate", "disappoint", "stumble", "irritate", "annoy"),
        ("work", "shine", "delight", "charm", "impress", "convince", "succeed"),
    ),
    "adv": (
        ("badly", "poorly", "clumsily", "awkwardly", "terribly", "lazily"),
        ("beautifully", "brilliantly", "wonderfully", "superbly", "cleverly", "gracefully"),
    ),
    "felt": (
        ("bored", "annoyed", "disappointed", "irritated", "frustrated"),
        ("delighted", "happy", "moved", "thrilled", "charmed", "entertained"),
    ),
    "love": (("hate", "dislike", "loathe", "resent"), ("love", "enjoy", "adore", "like")),
    "loved": (
        ("hated", "disliked", "loathed", "resented"),
        ("loved", "enjoyed", "adored", "liked"),
    ),
    "rating": (("1/10", "2/10", "3/10", "4/10"), ("7/10", "8/10", "9/10", "10/10")),
}  # fmt: skip

# Each row names one part of a film in several ways. A review judges no row twice before it has
# judged them all, so that it does not contradict itself.
FILM_PARTS: dict[str, tuple[str, ...]] = {
    "aspect": (
        "plot|story|storyline",
        "script|screenplay|writing",
        "dialogue|banter",
        "acting|cast",
        "supporting cast|ensemble",
        "lead performance|central performance",
        "music|score|soundtrack",
        "camera work|photography|cinematography",
        "editing|cutting",
        "direction|directing",
        "pacing|rhythm",
        "humour",
        "love story|romance",
        "set design|scenery|production design",
        "lighting|colour palette",
        "action|stunt work",
        "narration|voice-over",
        "premise|concept",
        "villain",
        "mood|atmosphere",
        "sound design|sound mix",
        "subplot|side story",
    ),
    "part": (
        "first act|opening|first hour|prologue",
        "middle|second act",
        "ending|final scene|last reel|third act",
        "dream sequence",
        "dance scene",
        "flashback",
    ),
}

# Names of parts that take no "a".
MASS_NOUNS: tuple[str, ...] = (
    "writing", "dialogue", "banter", "acting", "music", "camera work", "photography",
    "cinematography", "editing", "cutting", "direction", "directing", "pacing", "humour",
    "set design", "scenery", "production design", "lighting", "action", "stunt work", "narration",
    "sound design",
)  # fmt: skip

NEUTRAL_WORDS: dict[str, tuple[str, ...]] = {
    "film": ("film", "movie", "picture"),
    "very": ("really", "truly", "quite", "so", "thoroughly"),
    "friend": (
        "my sister", "my brother", "my father", "my mother", "my wife", "my husband",
        "my neighbour", "my best friend", "my cousin", "my boss", "my uncle", "my daughter",
    ),
    "day": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "number": ("three", "four", "five", "six", "seven", "nine", "eleven", "twenty"),
    "minutes": ("85", "88", "90", "93", "96", "99", "104", "108", "112", "117", "121", "134"),
}  # fmt: skip

# What a review settles once and then keeps: its film.
FILM_WORDS: dict[str, tuple[str, ...]] = {
    "genre": (
        "western", "thriller", "comedy", "drama", "musical", "mystery", "war film",
        "crime drama", "horror film", "heist movie", "road movie", "spy film", "family film",
        "ghost story", "courtroom drama", "detective story", "sea adventure", "period piece",
    ),
    "job": (
        "lawyer", "baker", "pilot", "nurse", "farmer", "clockmaker", "teacher", "sailor",
        "detective", "pianist", "gardener", "priest", "dentist", "boxer", "librarian",
        "postman", "surgeon", "carpenter", "cook", "butcher",
    ),
    "thing": (
        "suitcase", "violin", "map", "diary", "painting", "boat", "necklace", "camera", "key",
        "letter", "clock", "piano", "rifle", "lantern", "ring", "photograph", "typewriter",
        "statue",
    ),
    "town": (
        "Lisbon", "Chicago", "Dublin", "Trieste", "Montreal", "Boston", "Naples", "Glasgow",
        "Warsaw", "Memphis", "Antwerp", "Toronto", "Seville", "Bristol", "Tangier", "Bergen",
    ),
}  # fmt: skip

FIRST_NAMES: dict[str, tuple[str, ...]] = {
    "actor": (
        "Marcus", "Daniel", "Hector", "Walter", "Tobias", "Victor", "Leon", "Arthur", "Simon",
        "Oscar", "Felix", "Ivan", "Gordon", "Ruben", "Edgar",
    ),
    "actress": (
        "Clara", "Helena", "Ruth", "Sylvia", "Nora", "Ingrid", "Marion", "Teresa", "Alma",
        "Judith", "Vera", "Iris", "Paula", "Miriam", "Dora",
    ),
}  # fmt: skip

LAST_NAMES: tuple[str, ...] = (
    "Hallam", "Pryor", "Castellan", "Brandt", "Okafor", "Lindqvist", "Marlowe", "Vance", "Tolliver",
    "Mercer", "Anselm", "Quayle", "Rourke", "Sandoval", "Whitlock", "Dunmore", "Farrow", "Keating",
    "Novak", "Aldous", "Benedetti", "Crane", "Delacroix", "Ferris", "Grady",
)  # fmt: skip

TITLE_WORDS: tuple[tuple[str, ...], tuple[str, ...]] = (
    (
        "Glass", "Winter", "Silent", "Paper", "Crimson", "Northern", "Hidden", "Iron", "Seventh",
        "Broken", "Midnight", "Velvet", "Distant", "Salt", "Copper", "Borrowed", "Last", "Green",
    ),
    (
        "Harbour", "Orchard", "Letter", "Bridge", "Station", "Garden", "Mirror", "River", "Street",
        "Island", "Lantern", "Summer", "Window", "Door", "Valley", "Train", "Tower", "Road",
    ),
)  # fmt: skip
