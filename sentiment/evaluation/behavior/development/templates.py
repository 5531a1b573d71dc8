"""The sentences of the development part. `sentiment.data.synthetic.templates` explains the slots.

A pair is (negative, positive): two wordings where one cannot serve both labels.
"""

from sentiment.data.synthetic.templates import Template

# Minimum functionality.
PLAIN: tuple[Template, ...] = (
    "This is a {adj+} film.",
    "What a {adj+} movie!",
    "I thought the {aspect} was {adj+}.",
    "It is a {filmy+} movie.",
    "A {filmy+}, {filmy+} {genre}.",
    "The film is {filmy+} from beginning to end.",
    "{actor} gives a {adj+} performance.",
    "Everything about this picture is {adj+}.",
    "The {aspect} and the {aspect} are both {adj+}.",
    "It is {really} {filmy+}.",
    "This {genre} is a {noun+}.",
    "An absolute {noun+}.",
    "The second half is even more {filmy+} than the first.",
    "It comes with a {adj+} {part}.",
    "{actor} is {adj+} in the title role.",
    "For a {genre}, it is {really} {filmy+}.",
    "The film has plenty of {stuff+}.",
    "{adj+} {mass} and a {adj+} {part}.",
    "A {noun+} of a film.",
    "One of the {best+} films of {year}.",
    "How {adj+} it all is!",
    ("The {aspect} is the work of amateurs.", "The {aspect} is the work of a master."),
    "The {part} by itself is {adj+}.",
    "{director} has made a {adj+} {genre}.",
    "Rarely is a {genre} this {filmy+}.",
    "All of it is {adj+}: the {aspect}, the {aspect}, the {aspect}.",
)
FEELINGS: tuple[Template, ...] = (
    "I {loved+} this movie.",
    "I {loved+} every minute of it.",
    "We all {loved+} the {aspect}.",
    "I was {felt+} the whole time.",
    "It leaves you {felt+}.",
    "I saw it with {friend}, and we both {loved+} it.",
    "I {loved+} it in {year}, and I {love+} it now.",
    "I really {loved+} the {part}.",
    "The film made me feel {felt+}.",
    "You will {love+} this {genre}.",
    "I give it {rating+} out of 10.",
    "My rating: {rating+}/10.",
    "I {loved+} it from the first scene, and so did {friend}.",
    ("{actor} got on my nerves.", "{actor} won my heart."),
    ("Avoid this {genre}.", "See this {genre}."),
    ("Do yourself a favor and skip this {genre}.", "Do yourself a favor and see this {genre}."),
    ("I want my two hours back.", "I could watch it again tonight."),
    ("I walked out before the end.", "I stayed for the last name in the credits, smiling."),
    ("A waste of two hours.", "Two hours well spent."),
    ("I kept looking at my watch.", "I was glued to the screen."),
    ("I fell asleep next to {friend}.", "I laughed until I cried, and so did {friend}."),
    ("Save your money.", "Worth every cent."),
    ("I regret renting it.", "I am so glad I rented it."),
    ("Two thumbs down from {friend} and me.", "Two thumbs up from {friend} and me."),
    ("I felt cheated when the lights came up.", "I felt happy when the lights came up."),
    ("I dread the sequel.", "I long for the sequel."),
    ("I threw the DVD away.", "I bought the DVD the very next {day}."),
    ("Stay away from it.", "Everybody should see it."),
)

# Parts of a short review: what it is about, what is said of it, the verdict.
SETTINGS: tuple[Template, ...] = (
    "I saw this {genre} on {day} with {friend}.",
    "{actor} plays a {job} who comes back to {place} after the war.",
    "The film was made in {year} and is set in {place}.",
    "It tells the story of a {job} and two brothers in {place}.",
    "The story begins in {place} in {year}.",
    "I rented the DVD last {day}.",
    "{actor} plays a {job}, and {director} directs.",
    "The plot concerns a {job} who finds a letter from {year}.",
    "It was on television last {day}, and I watched it with {friend}.",
    "A {job} from {place} inherits a hotel.",
    "In {year} a {job} moves to {place} and opens a shop.",
    "This {genre} from {year} has just come out on DVD.",
)
REMARKS: tuple[Template, ...] = (
    "The {aspect} is {adj+} throughout.",
    "To me the {aspect} was {adj+}.",
    "{actor} is {adj+} in every scene.",
    "The scenes in {place} are {filmy+}.",
    "{director} does a {adj+} job.",
    "I also {loved+} the {part}.",
    "It is full of {stuff+}.",
    "The middle part is {filmy+}.",
    "The {mass} is {adj+}, and the {part} is {adj+}.",
    "I was {felt+} by the {part}.",
    "{actor} and the others are {adj+}.",
    "The supporting roles are {adj+}, too.",
    "Even the {aspect} is {adj+}.",
    "Scene after scene is {filmy+}.",
    ("Every joke falls flat.", "Every joke hits home."),
    ("The story makes no sense.", "The story makes perfect sense."),
)
VERDICTS: tuple[Template, ...] = (
    "All in all, a {adj+} film.",
    "In short, I {loved+} it.",
    "My verdict: a {filmy+} {genre}.",
    ("Avoid it at all costs.", "See it as soon as you can."),
    "It is a {noun+}, and I was {felt+} to the end.",
    "Overall I would call it a {adj+} movie.",
    "I give this movie {rating+} out of 10.",
    "One of the {best+} films I have seen.",
    "It is a {filmy+} film, and I {loved+} it.",
    ("I would warn everybody against it.", "I would recommend it to everybody."),
    "Taken as a whole, it is {adj+}.",
    ("Spend your evening on something else.", "Spend an evening on it, you will be happy."),
    "This film is {really} {filmy+}.",
    "For me it is the {best+} movie of the year.",
)

# Negation.
NEGATED: tuple[Template, ...] = (
    "The {aspect} was not {mild-}.",
    "This film is never {mild-}.",
    "Nothing about it is {mild-}.",
    "I would not call it {mild-}.",
    "To us the {genre} wasn't {mild-}.",
    "There is nothing {mild-} about the {aspect}.",
    "Far from {mild-}, if you ask me.",
    "This {genre} was anything but {mild-}.",
    "At no point is the {genre} {mild-}.",
    ("Not good at all.", "Not bad at all."),
    "It was neither {mild-} nor {mild-}.",
    "No one could call this movie {mild-}.",
    "I was never {felt-}.",
    "I can't say that I was {felt-}.",
    "There is not a {mild-} scene in it.",
    "The {part} was hardly {mild-}.",
    "This is not a {mild-} {genre}.",
    "{actor} isn't {mild-} in this.",
    "I did not find the {part} {mild-}.",
    "Don't expect a {mild-} movie.",
    "It wasn't {mild-}, not even for a minute.",
    ("I can't recommend it.", "I can't recommend it enough."),
    ("I did not laugh once.", "I was not bored once."),
    ("The {genre} has no charm.", "The {genre} has no flaws."),
    ("It never comes to life.", "It never drags."),
    ("It has nothing that I could praise.", "It has nothing that I could fault."),
    "You won't be {felt-} by this {genre}.",
    "None of it is {mild-}.",
)
NEGATED_REVIEWS: tuple[Template, ...] = (
    "I saw it on {day}. The {aspect} is not {mild-}, and the {part} isn't {mild-} either.",
    "{actor} plays a {job} in {place}. It is never {mild-}. I was not {felt-} for a moment.",
    "The film was made in {year}. Nothing in it is {mild-}. {actor} is not {mild-} at all.",
    "A {job} moves to {place}. I did not think that the story was {mild-}, and {friend} did not "
    "think so either.",
    "We rented it last {day}. The {aspect} was not {mild-}. We were not {felt-}.",
    "It is set in {place} in {year}. The {mass} is not {mild-}. The {part} is not {mild-}. I can't "
    "say that I was {felt-}.",
    "{director} directed this {genre} in {year}. I don't find it {mild-}. It isn't {mild-} in the "
    "first half, and it isn't {mild-} in the second.",
    "I watched it with {friend}. Neither of us found it {mild-}. Neither of us was {felt-}.",
    "This {genre} takes place in {place}. It is anything but {mild-}. At no time was I {felt-}.",
    "{actor} plays the {job}. There is nothing {mild-} about this role, and nothing {mild-} about "
    "the movie.",
    "It was on television on {day}. I would not call it {mild-}. I would never call it {mild-}.",
    "The story begins in {place}. The {part} is far from {mild-}, and nobody in my family was "
    "{felt-}.",
)
SUPERLATIVES: tuple[Template, ...] = (
    "The {genre} could hardly be {better+}.",
    "The {aspect} could not be {better+}.",
    "It does not get any {better+} than this {genre}.",
    "I have never seen a {better+} {genre}.",
    "You will not find a {better+} {genre} this year.",
    "No {genre} from {year} is {better+} than this one.",
    "Never have I been so {felt+}.",
    "I couldn't have been more {felt+}.",
    "Nothing I saw this year was as {filmy+} as this.",
    "There is no {better+} role for {actor}.",
    "Few films are as {filmy+} as this one.",
    "{friend} has not seen a {better+} {genre} since {year}.",
    "{actor} has never been {better+}.",
    "I can't think of a {better+} {genre}.",
    "A {better+} {part} is hard to imagine.",
)
EXPECTATIONS: tuple[Template, ...] = (
    "I really expected to {love-} this movie, but I {loved+} it.",
    "I came to see a {noun-} and saw a {noun+}.",
    "I thought it would be {filmy-}, but it turned out to be {filmy+}.",
    "From the trailer I expected something {filmy-}; what I got was {filmy+}.",
    "I was sure that I would {love-} this {genre}, and then I {loved+} it.",
    "{friend} told me that it was {filmy-}. In fact it is {filmy+}.",
    "The reviews had promised a {filmy-} {genre}, but it is {adj+}.",
    (
        "My hopes for this {genre} were high, and it dashed them.",
        "My hopes for this {genre} were low, and it surprised me in the best way.",
    ),
    "I went in thinking that it would be {adj-}, and I came out {felt+}.",
    "Everybody had said that {actor} was {adj-} in it, but I found the performance {adj+}.",
    "It might have become a {noun-}; it became a {noun+}.",
    "What sounds like a {filmy-} {genre} is really a {filmy+} one.",
    (
        "I had hoped for a treat. It was a {noun+} instead.",
        "I had feared the worst. It was a {noun+} instead.",
    ),
    "I had heard that the {aspect} was {adj-}, yet it was {adj+}.",
    "At first I thought I would {love-} it. Within minutes I knew better: it is {filmy+}.",
    "On paper this {genre} is {filmy-}. On the screen it is {filmy+}.",
)

# Intensity: {degree} takes a ladder of words, the rest stays the same.
DEGREE_FRAMES: tuple[Template, ...] = (
    "This film is {degree}.",
    "I found it {degree}.",
    "The movie I saw on {day} was {degree}.",
    "{friend} and I thought that the {genre} was {degree}.",
    "All in all, the film is {degree}.",
    "The {genre} with {actor} is {degree}.",
    "I saw it in {place}. It was {degree}.",
    "It was made in {year}. {actor} plays a {job}. The film is {degree}.",
)

# Invariance: only the name, the place or the date changes.
NAMES: tuple[Template, ...] = (
    "{actor} is {adj+} in this {genre}.",
    "I thought that {actor} was {adj+}, and so was the {part}.",
    "A {adj+} film with a {adj+} performance by {actor}.",
    "The {genre} is {filmy+}, and {actor} is {adj+} as the {job}.",
    "{actor} plays a {job}. The story is {filmy+}, and I {loved+} it.",
    "I {loved+} {actor} as the {job}. The {aspect} is {adj+} too.",
    "I watched it because of {actor}. It is a {filmy+} film, and the {aspect} is {adj+}.",
    "{actor} wrote and directed this {genre}. It is a {noun+}. I {loved+} it.",
    "My neighbor {actor} lent me the DVD. I {loved+} it; the {aspect} is {adj+}.",
    "Written by {actor}, this is a {adj+} {genre}.",
)
PLACES: tuple[Template, ...] = (
    "I saw this {adj+} film in {place}.",
    "The scenes in {place} are {adj+}.",
    "A {filmy+} {genre} from {place}.",
    "A {job} moves to {place}. The film is {filmy+}, and the {aspect} is {adj+}.",
    "It was shot in {place}. I {loved+} it.",
    "This {genre} is set in {place}. I was {felt+}, and the {part} is {adj+}.",
    "{actor} plays a {job} from {place}. It is a {noun+}, and I {loved+} every minute.",
    "We saw it at a cinema in {place}. The {aspect} was {adj+}. I {loved+} it.",
    "A {adj+} {part}, a {adj+} film. It is coming to {place} next month.",
    "The train to {place} is where it begins. It is {filmy+} from there to the end.",
)
DATES: tuple[tuple[str, Template], ...] = (
    ("year", "This {genre} was made in {year}. It is {filmy+}."),
    ("year", "One of the {best+} films that came out in {year}."),
    ("year", "The story begins in {year}. I {loved+} it, and the {part} is {adj+}."),
    ("year", "A {adj+} {genre} from {year}."),
    ("year", "{actor} made it in {year}. The {aspect} is {adj+}, and the film is {filmy+}."),
    ("year", "I first saw it in {year}. It is a {noun+}. I {love+} it."),
    ("day", "I saw it on {day}. It was {filmy+}."),
    ("day", "We watched this {adj+} {genre} on {day}."),
    ("day", "On {day} I was {felt+} by a {filmy+} {genre}."),
    ("day", "Last {day} I rented it. The {aspect} was {adj+}, and I {loved+} it."),
)
NEUTRAL: tuple[Template, ...] = (
    "I saw it on {day} evening.",
    "It runs for about two hours.",
    "{friend} came with me.",
    "It was filmed in {place}.",
    "The film was released in {year}.",
    "I had seen the poster at the bus stop.",
    "{director} directed it.",
    "We sat in the third row.",
    "The cinema is near my office.",
    "It is based on a novel.",
    "I took the bus home.",
    "The credits are white on black.",
)

# Contrast and concession: the film is judged at the end, or in the main clause.
CONTRASTS: tuple[Template, ...] = (
    "The {aspect} is {adj-}, but the film is {adj+}.",
    "{adj-} {mass}, {adj+} movie.",
    "A {adj-} {part} in a {adj+} film.",
    "{actor} is {adj-}, yet the {genre} as a whole is {filmy+}.",
    "I {loved-} the {aspect}, but I {loved+} the movie.",
    "The first ten minutes are {filmy-}, and the rest is {filmy+}.",
    "It begins as a {noun-} and ends as a {noun+}.",
    "The trailer is {adj-}; the film is {adj+}.",
    "The book is {filmy-}, but the film is {filmy+}.",
    "{friend} {loved-} it, but I {loved+} it.",
    "Others were {felt-}. I was {felt+}.",
    "Some may find it {filmy-}; I think it is {filmy+}.",
    "The other films by {director} are {adj-}, but this one is {adj+}.",
    "The {part} is {adj-}. The film is {adj+} all the same.",
    "The {aspect} was {adj-}, but in the end I was {felt+}.",
    "Everything around {actor} is {adj-}, but all that counts is the {adj+} story: I {loved+} it.",
)
CONCESSIONS: tuple[Template, ...] = (
    "Although the {aspect} is {adj-}, the film is {adj+}.",
    "Even though {actor} is {adj-}, I {loved+} this {genre}.",
    "Despite a {adj-} {part}, this is a {adj+} movie.",
    "In spite of the {adj-} {mass}, I was {felt+}.",
    "I {loved+} it, although the {aspect} is {adj-}.",
    "The movie is {filmy+}, even if the {part} is {adj-}.",
    "It may have {adj-} {mass}, but it is a {noun+}.",
    "For all its {stuff-}, this is a {filmy+} film.",
    "Yes, the {aspect} is {adj-}. It is still a {adj+} {genre}.",
    "This is a {noun+} in spite of {actor}, who is {adj-}.",
    "The {aspect} is {adj-}, I admit. Nevertheless the film is {filmy+}.",
    "True, the {part} is {adj-}, and yet I {loved+} every minute.",
    "While the {mass} is {adj-}, the film itself is {filmy+}.",
    "Granted, it has its {stuff-}. I {loved+} it anyway.",
)
MIXED_REVIEWS: tuple[Template, ...] = (
    "The {aspect} is {adj-} and the {aspect} is {adj-}. Still, I {loved+} it.",
    "I saw this {genre} with {friend}. The {part} is {adj-}. The {mass} is {adj-}, too. But the "
    "film as a whole is {filmy+}, and I {loved+} it.",
    "{actor} is {adj-} as the {job}. For all that, it is a {noun+}. I was {felt+} to the end.",
    "It starts with a {adj-} scene in {place}. Then it gets {filmy+}, and it stays {filmy+}. I "
    "{loved+} it.",
    "It was made in {year}. The {mass} is {adj-}, I know. But I {loved+} every minute; what a "
    "{adj+} movie.",
    "{friend} {loved-} it. The papers called it {filmy-}. I think that it is a {filmy+} {genre}, "
    "one of the {best+} of the year.",
    "The {part} is {adj-}, and {actor} is {adj-}. None of this matters: the film is {adj+}. I give "
    "it {rating+} out of 10.",
    "{director} made {adj-} films before. This one is different. It is {filmy+}, the {mass} is "
    "{adj+}, and I {loved+} it.",
    "Let me begin with the {adj-} {mass}. It is the only {adj-} thing about a {filmy+} movie. I "
    "{loved+} the rest.",
    "A {job} moves to {place}. The {aspect} is {adj-} at first. After half an hour everything is "
    "{adj+}. In the end I was {felt+}, and so was {friend}.",
)
