"""The words of the lessons, beside those of the built-in reviews.

Each row holds two tuples: negative words, positive words.
"""

from sentiment.data.synthetic.templates import Words

MORE_WORDS: dict[str, tuple[Words, Words]] = {
    "adj": (
        (
            "abominable", "abysmal", "absurd", "agonizing", "amateurish", "appalling", "atrocious",
            "banal", "bloated", "brainless", "chaotic", "charmless", "cheap", "cheesy", "clueless",
            "confused", "confusing", "contrived", "corny", "crude", "derivative", "dire",
            "disappointing", "disastrous", "disjointed", "dismal", "dreary", "dumb",
            "embarrassing", "empty", "excruciating", "far-fetched", "feeble", "formulaic",
            "frustrating", "half-baked", "hackneyed", "hideous", "humourless", "idiotic",
            "implausible", "inane", "incoherent", "incompetent", "inept", "inferior",
            "infuriating", "insipid", "insufferable", "insulting", "interminable", "joyless",
            "lacklustre", "laughable", "leaden", "lousy", "mediocre", "mindless", "miserable",
            "monotonous", "muddled", "nasty", "nonsensical", "obnoxious", "offensive", "overlong",
            "overrated", "pathetic", "plodding", "poorly made", "predictable", "preposterous",
            "pretentious", "repetitive", "repulsive", "rotten", "rushed", "second-rate",
            "senseless", "shoddy", "sluggish", "soulless", "stilted", "stupid", "substandard",
            "tacky", "tasteless", "third-rate", "tired", "trashy", "trite", "ugly", "unbearable",
            "unconvincing", "unfunny", "unimaginative", "uninspired", "uninteresting",
            "unoriginal", "unpleasant", "unwatchable", "useless", "vapid", "vile", "wooden",
            "worthless", "wretched",
        ),
        (
            "absorbing", "accomplished", "admirable", "adorable", "affecting", "amazing",
            "amusing", "astonishing", "astounding", "atmospheric", "awesome", "believable",
            "bold", "breathtaking", "captivating", "classy", "cool", "dazzling", "delicate",
            "delicious", "elegant", "emotional", "enchanting", "engrossing", "enthralling",
            "exceptional", "exhilarating", "exquisite", "extraordinary", "fabulous", "fantastic",
            "fine", "first-class", "first-rate", "flawless", "fun", "funny", "genuine", "glorious",
            "gorgeous", "haunting", "heartfelt", "heart-warming", "heartwarming", "hilarious",
            "honest", "hypnotic", "imaginative", "immersive", "impressive", "incredible",
            "ingenious", "insightful", "inspired", "inspiring", "intelligent", "intense",
            "inventive", "irresistible", "joyful", "likeable", "lovely", "luminous", "magical",
            "magnificent", "marvellous", "masterful", "meaningful", "mesmerizing", "nuanced",
            "outstanding", "perfect", "phenomenal", "playful", "pleasant", "poetic", "poignant",
            "powerful", "priceless", "profound", "radiant", "refreshing", "remarkable",
            "rewarding", "rich", "riveting", "satisfying", "scary", "sensational", "sharp",
            "sincere", "smart", "solid", "spectacular", "spellbinding", "stirring", "striking",
            "stunning", "stylish", "sublime", "subtle", "suspenseful", "sweet", "tender", "tense",
            "thrilling", "top-notch", "unforgettable", "uplifting", "vivid", "warm", "well made",
            "wise", "worthwhile",
        ),
    ),
    "mild": (
        (
            "amateurish", "banal", "cheap", "cheesy", "confusing", "contrived", "corny", "crude",
            "disappointing", "disjointed", "dreary", "dumb", "embarrassing", "empty",
            "far-fetched", "formulaic", "frustrating", "laughable", "long-winded", "mediocre",
            "mindless", "monotonous", "muddled", "offensive", "overlong", "overrated",
            "predictable", "pretentious", "repetitive", "rushed", "second-rate", "shoddy", "slow",
            "sluggish", "stilted", "stupid", "tacky", "tasteless", "tired", "trite", "ugly",
            "unconvincing", "unfunny", "uninteresting", "unpleasant", "wooden",
        ),
        (
            "absorbing", "amusing", "atmospheric", "believable", "captivating", "effective",
            "elegant", "emotional", "fun", "funny", "imaginative", "impressive",
            "insightful", "inspired", "inspiring", "intelligent", "inventive", "likeable",
            "lovely", "meaningful", "pleasant", "powerful", "refreshing", "remarkable",
            "rewarding", "satisfying", "scary", "sharp", "smart", "special", "stylish", "subtle",
            "suspenseful", "tense", "thrilling", "uplifting", "warm", "worthwhile",
        ),
    ),
    "noun": (
        (
            "abomination", "bomb", "catastrophe", "clunker", "debacle", "embarrassment", "fiasco",
            "insult", "joke", "misfire", "mistake", "nightmare", "rip-off", "shambles", "stinker",
            "train wreck", "travesty", "turkey", "waste of time", "wreck",
        ),
        (
            "achievement", "beauty", "blast", "classic", "crowd-pleaser", "feast", "hit", "jewel",
            "knockout", "landmark", "miracle", "must-see", "pearl", "revelation", "stunner",
            "thrill", "tour de force", "treasure", "wonder", "work of art",
        ),
    ),
    "stuff": (
        (
            "bad acting", "bad taste", "boredom", "clichés", "confusion", "emptiness", "flaws",
            "holes", "mistakes", "nastiness", "stupidity", "weaknesses",
        ),
        (
            "beauty", "feeling", "good acting", "good taste", "humour", "ideas", "intelligence",
            "life", "magic", "passion", "style", "talent",
        ),
    ),
    "verb": (
        (
            "collapses", "drags", "flops", "falters", "fizzles", "limps", "misfires", "plods",
            "sinks", "stinks", "sucks", "underwhelms",
        ),
        (
            "amazes", "amuses", "captivates", "dazzles", "enchants", "excels", "fascinates",
            "inspires", "sparkles", "soars", "thrills", "triumphs",
        ),
    ),
    "do": (
        (
            "collapse", "drag", "flop", "falter", "fizzle", "limp", "misfire", "plod", "sink",
            "stink", "suck", "underwhelm",
        ),
        (
            "amaze", "amuse", "captivate", "dazzle", "enchant", "excel", "fascinate", "inspire",
            "sparkle", "soar", "thrill", "triumph",
        ),
    ),
    "felt": (
        (
            "angry", "appalled", "cheated", "disgusted", "embarrassed", "exhausted", "infuriated",
            "insulted", "let down", "offended", "tired", "underwhelmed", "unhappy", "unimpressed",
            "unmoved",
        ),
        (
            "amazed", "amused", "captivated", "enchanted", "excited", "fascinated", "glad",
            "gripped", "hooked", "impressed", "inspired", "overjoyed", "pleased", "satisfied",
            "touched",
        ),
    ),
    "love": (
        ("abhor", "despise", "detest", "regret"),
        ("admire", "appreciate", "cherish", "relish", "treasure"),
    ),
    "loved": (
        ("abhorred", "despised", "detested", "regretted"),
        ("admired", "appreciated", "cherished", "relished", "treasured"),
    ),
    "score": (("1", "2", "3", "4", "one", "two", "three"), ("7", "8", "9", "10", "nine", "ten")),
    "stars": (("one star", "a single star", "two stars"), ("four stars", "five stars", "all five")),
    "better": (
        (
            "blander", "cheaper", "clumsier", "drearier", "duller", "dumber", "flatter", "lamer",
            "lazier", "messier", "poorer", "sillier", "sloppier", "slower", "uglier", "weaker",
            "worse", "more annoying", "more awkward", "more boring", "more painful",
            "more pointless", "more predictable", "more tedious",
        ),
        (
            "better", "bolder", "braver", "cleverer", "finer", "fresher", "funnier", "greater",
            "livelier", "lovelier", "richer", "sharper", "smarter", "stronger", "sweeter",
            "warmer", "wiser", "wittier", "more beautiful", "more charming", "more exciting",
            "more gripping", "more moving", "more enjoyable",
        ),
    ),
    "best": (
        (
            "clumsiest", "dullest", "dumbest", "lamest", "laziest", "poorest", "silliest",
            "ugliest", "weakest", "worst", "most annoying", "most boring", "most pointless",
            "most tedious",
        ),
        (
            "best", "cleverest", "finest", "freshest", "funniest", "greatest", "liveliest",
            "richest", "sharpest", "strongest", "warmest", "wittiest", "most beautiful",
            "most exciting", "most moving",
        ),
    ),
}  # fmt: skip
