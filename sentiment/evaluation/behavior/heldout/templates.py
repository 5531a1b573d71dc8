"""The sentences of the held-out part. `sentiment.data.synthetic.templates` explains the slots.

Nobody looks at what a model does with these while changing how it is trained. A pair is
(negative, positive): two wordings where one cannot serve both labels.
"""

from sentiment.data.synthetic.templates import Template

# Minimum functionality.
PLAIN: tuple[Template, ...] = (
    "A {adj+} piece of work.",
    "I found this {genre} {filmy+}.",
    "The {aspect} struck me as {adj+}.",
    "{actor} turns in a {adj+} performance.",
    "Here is a {genre} that is {filmy+} and {filmy+}.",
    "Put simply, the {part} is {adj+}.",
    "That was one {adj+} movie.",
    "It's {filmy+}.",
    "From the {aspect} to the {aspect}, it is all {adj+}.",
    "The result is {filmy+}.",
    ("Pure torture.", "Pure magic."),
    "Such a {noun+}!",
    "The {genre} turned out to be a {noun+}.",
    "{director} delivers a {adj+} {genre}.",
    "This {genre} is packed with {stuff+}.",
    "Among the films of {year}, this is the {best+}.",
    "{adj+} {mass} meets a {adj+} {part}.",
    "I would describe it as {filmy+}.",
    ("Watching it is a chore.", "Watching it is a pleasure."),
    ("The actors look lost.", "The actors are at the top of their game."),
    ("The story goes nowhere.", "The story had me hooked."),
    ("It drags on and on.", "It flies by."),
    (
        "Bad from the opening credits to the last shot.",
        "Good from the opening credits to the last shot.",
    ),
    "As a {job}, {actor} is {adj+}.",
    "My word, this is {filmy+}!",
    "Both halves of this {genre} are {filmy+}.",
    "{adj+} is the word for the {aspect} and for the {aspect}.",
)
FEELINGS: tuple[Template, ...] = (
    "I thoroughly {loved+} the {part}.",
    "It had me {felt+} within minutes.",
    "By the time it ended I was {felt+}.",
    "My whole family {loved+} it.",
    "I am still {felt+} as I write this.",
    "I think anyone would {love+} it.",
    "I award this {genre} {rating+} stars out of ten.",
    "{rating+} stars out of ten from me and {rating+} from {friend}.",
    "From beginning to end I {loved+} this {genre}.",
    "{friend} {loved+} it as much as I did.",
    "{director} had me {felt+} from the start.",
    ("Pick another movie.", "Pick this movie."),
    ("Give it a miss.", "Give it a go, you will thank me."),
    ("I could have used those two hours better.", "I would gladly spend those two hours again."),
    ("What a waste of talent.", "What a display of talent."),
    ("I switched it off after half an hour.", "I watched it twice in one week."),
    ("I groaned out loud.", "I laughed out loud."),
    ("I yawned through most of it.", "I smiled through most of it."),
    ("I'd like a refund.", "I'd pay to see it again."),
    ("My advice: leave it on the shelf.", "My advice: buy a ticket today."),
    ("{friend} thought it was trash.", "{friend} thought it was magic."),
    ("I resent every cent I paid for it.", "I treasure every second of it."),
    ("Whoever made this should be ashamed.", "Whoever made this should be proud."),
    ("Steer clear of this {genre}.", "Seek out this {genre}."),
    (
        "This {genre} goes straight into the trash.",
        "This {genre} goes straight onto my list of favorites.",
    ),
    ("It bored me to tears.", "It moved me to tears."),
    ("It ruined my evening.", "It made my evening."),
    ("I felt nothing but impatience.", "I felt nothing but admiration."),
)

# Parts of a short review: what it is about, what is said of it, the verdict.
SETTINGS: tuple[Template, ...] = (
    "Last {month} {friend} and I went to see this {genre}.",
    "{actor} stars as a {job} who leaves {place} for the countryside.",
    "Shot in {place} in {year}, it runs for a hundred minutes.",
    "It is about a {job} whose brother comes home from {place}.",
    "The action takes place in {place} during the summer of {year}.",
    "I picked up the tape in {month}.",
    "The {job} is played by {actor}.",
    "In this {genre} a {job} takes a train to {place} and meets an old friend.",
    "Cable showed it one night in {month}.",
    "{director} adapted it from a novel of {year}.",
    "We follow a {job} through a week in {place}.",
    "This {genre} opened in {month}, and I saw it in {place}.",
)
REMARKS: tuple[Template, ...] = (
    "I have to say that the {aspect} is {adj+}.",
    "{actor} is {adj+} from start to finish.",
    "The {part} deserves a word of its own: it is {adj+}.",
    "What {director} does with the {aspect} is {adj+}.",
    "The love scenes are {filmy+}.",
    "The minor characters are {filmy+}.",
    "I particularly {loved+} the {part}.",
    "The {aspect} is {adj+}, and the same goes for the {aspect}.",
    "By the second reel I was {felt+}.",
    "The last half hour is {filmy+}.",
    "The {mass} is {adj+} as well.",
    "You notice the {adj+} {mass} at once.",
    "Every line that {actor} speaks is {filmy+}.",
    ("The characters are made of cardboard.", "The characters feel like real people."),
    ("You can see the twists coming a mile off.", "The twists are a joy to follow."),
)
VERDICTS: tuple[Template, ...] = (
    "To sum up, a {filmy+} and {adj+} picture.",
    "The bottom line: I {loved+} it.",
    "When all is said and done, it is a {noun+}.",
    ("Keep away from this movie.", "Make time for this movie."),
    "I would rank it among the {best+} films of {year}.",
    "My score is {rating+} stars out of ten.",
    "So, what did I think? It was {filmy+}, and I {loved+} it.",
    ("I urge you to spend your money elsewhere.", "I urge you to go and see it."),
    "On the whole this {genre} is {adj+}.",
    "This is a {adj+} movie, and I told {friend} so.",
    "I went home {felt+}, it was so {adj+}.",
    (
        "Nobody needs to see this film, it is that bad.",
        "Everyone needs to see this film, it is that good.",
    ),
    "I consider this one of the {best+} movies around.",
    "What {director} made is simply {adj+}.",
)

# Negation.
NEGATED: tuple[Template, ...] = (
    "The {aspect} doesn't strike me as {mild-}.",
    "I didn't think it was {mild-}.",
    "You couldn't call this {genre} {mild-}.",
    "There's not one {mild-} moment here.",
    "In no way is the {part} {mild-}.",
    "It is not what I would call {mild-}.",
    "It's not {mild-} in the least.",
    "Not once did it seem {mild-}.",
    "Not a single scene struck me as {mild-}.",
    "It is never {mild-}, not for a second.",
    "Whatever else this {genre} is, it isn't {mild-}.",
    "No scene with {actor} is {mild-}.",
    "I wasn't {felt-} at any point.",
    ("It fails to amuse.", "It never fails to amuse."),
    ("Not worth seeing.", "Not to be missed."),
    ("It isn't good.", "It isn't half bad."),
    ("I didn't like a thing about it.", "I didn't want it to end."),
    ("You won't miss anything if you skip it.", "You won't be sorry if you see it."),
    (
        "I have nothing nice to say about this {genre}.",
        "I have nothing negative to say about this {genre}.",
    ),
    ("Don't bother.", "Don't hesitate."),
    ("There is no reason to see this {genre}.", "There is no reason to miss this {genre}."),
    "Who could say that the {aspect} is {mild-}? Not me.",
    "I don't see how anybody could find it {mild-}.",
    "By nobody's standard is this {genre} {mild-}.",
    "Not {mild-}, not {mild-}: that is how I remember it.",
    "{friend} didn't consider the {part} {mild-}, and neither did I.",
    "Nobody was {felt-} when we watched it.",
    ("Not a good film.", "Not a bad film by any means."),
)
NEGATED_REVIEWS: tuple[Template, ...] = (
    "It is about a {job} in {place}. I wasn't {felt-}. The {part} isn't {mild-}, and the love "
    "story isn't {mild-}.",
    "{friend} chose this {genre} in {month}. I didn't find it {mild-}. I didn't find any of it "
    "{mild-}.",
    "{actor} stars as a {job}. I'd never call the {part} {mild-}. It never seemed {mild-} to me.",
    "Shot in {place} in {year}. No one in the audience was {felt-}. The story isn't {mild-}.",
    "Other films from {year} may be {mild-}; not this. The {aspect} isn't {mild-}, and I wasn't "
    "{felt-}.",
    "I had never heard of {director}. The {aspect} is in no respect {mild-}. Nor is the {aspect} "
    "{mild-}.",
    "We follow a {job} through {place}. I don't think it has one {mild-} minute. I can't remember "
    "any scene that was {mild-}.",
    "It opened in {month}. {friend} wasn't {felt-}, nor was I. The writing isn't {mild-}.",
    "A {genre} by {director}. Not {mild-}, and not {mild-}. None of us felt {felt-}.",
    "I don't know the novel. The film isn't {mild-}, whatever you may have read. It doesn't become "
    "{mild-} later on.",
    "The {job} is played by {actor}. The part isn't {mild-}. The other parts aren't {mild-}. I was "
    "never {felt-} while I watched.",
    "A {job} takes a train to {place}. What follows is in no sense {mild-}. At two hours it wasn't "
    "{mild-} for me.",
)
SUPERLATIVES: tuple[Template, ...] = (
    "Find me a {better+} {genre} if you can.",
    "Rarely have I come across a {better+} {part}.",
    "I doubt that there is a {better+} {genre} in the shop.",
    "Has there ever been a {better+} {genre}? I don't think so.",
    "I don't remember when I last saw a {better+} {genre}.",
    "You'd be hard pressed to name a {better+} movie.",
    "Nowhere have I seen a {better+} {part}.",
    "Hardly any {genre} is so {filmy+}.",
    "Not even the last film by {director} was as {filmy+}.",
    "Nobody I know has seen a {better+} movie.",
    "It would be impossible to make a {better+} {genre}.",
    (
        "Things can't get any worse than this {genre}.",
        "Things can't get any better than this {genre}.",
    ),
    ("I couldn't like it less.", "I couldn't like it more."),
    ("I couldn't have had a worse time.", "I couldn't have had a better time."),
    ("The {aspect} leaves everything to be desired.", "The {aspect} leaves nothing to be desired."),
    ("You can't do worse than this {genre}.", "You can't go wrong with this {genre}."),
    ("{director} couldn't have done a worse job.", "{director} couldn't have done a better job."),
)
EXPECTATIONS: tuple[Template, ...] = (
    "I was prepared for something {filmy-}, but this {genre} is {filmy+}.",
    "All week I thought that I would {love-} this {genre}; it is one that I {loved+}.",
    "Having read that it was {filmy-}, I was not prepared for a film this {filmy+}.",
    "People kept telling me how {filmy-} it was; I thought it was {filmy+}.",
    "With {director} in charge I counted on a {noun-}, but this is a {noun+}.",
    "The poster made me think of a {filmy-} movie, but the movie is {filmy+}.",
    "You'd expect such a {genre} to be {filmy-}. This one is {filmy+}.",
    "Contrary to what {friend} says, it isn't {filmy-} but {filmy+}.",
    "I did not expect to {love+} this {genre}, but {love+} it I did.",
    "I wanted to {love-} this {genre}; I couldn't. It is {filmy+}.",
    ("They said that I would laugh. I groaned.", "They said that I would groan. I laughed."),
    (
        "After ten minutes I had high hopes. After twenty I had none.",
        "After ten minutes I had no hopes. After twenty I was hooked.",
    ),
    "{friend} told me that I would be {felt-}. Instead I was {felt+}.",
    "It was supposed to be {adj-}. It is {adj+}.",
    "I used to call this {genre} {filmy-}; now that I have seen it again I find it {filmy+}.",
    "Whoever promised you a {filmy-} {genre} was mistaken; it's {filmy+}.",
)

# Intensity: {degree} takes a ladder of words, the rest stays the same.
DEGREE_FRAMES: tuple[Template, ...] = (
    "What we saw was {degree}.",
    "To me this {genre} is {degree}.",
    "I would say that the movie was {degree}.",
    "The film, shot in {place}, is {degree}.",
    "In the end I thought it was {degree}.",
    "{friend} finds it {degree}, and so do I.",
    "We saw it in {month}. The movie is {degree}.",
    "{actor} is in it, and {director} directed it. It is {degree}.",
)

# Invariance: only the name, the place or the date changes.
NAMES: tuple[Template, ...] = (
    "This {genre} has {actor} in a {adj+} role.",
    "Watch {actor} in the last scene, it is {adj+}.",
    "{adj+} {mass}, and {actor} is {adj+} too.",
    "The {job} is {actor}, and it is a {filmy+} film.",
    "With {actor} as the {job}, the {genre} becomes {filmy+}.",
    "{actor} stars. The {aspect} is {adj+}. I {loved+} the whole thing.",
    "We know {actor} from television. This {genre} is {filmy+}, and the {part} is {adj+}.",
    "There is a scene in which {actor} opens a letter. It is {adj+}, like all the others.",
    "According to {actor} it took three years to make. The outcome is {filmy+}. I was {felt+}.",
    "{actor} composed the score for a {adj+} movie.",
)
PLACES: tuple[Template, ...] = (
    "They should show this {adj+} {genre} in {place}.",
    "{place} is where this {filmy+} story takes place.",
    "{actor} leaves {place} in a {adj+} opening scene.",
    "It was made by a studio in {place}. The {aspect} is {adj+}, and I {loved+} it.",
    "My flight to {place} had it on the program. It was {filmy+}.",
    "I went to school in {place}, where they showed it to us. It is a {noun+}.",
    "A {job} and a {filmy+} week in {place}: I was {felt+}.",
    "The camera travels from {place} to the coast. The {part} is {adj+}. So is the {aspect}.",
    "A festival in {place} opened with it. It was a {adj+} choice, for it is a {adj+} film.",
    "The cast comes from {place}. I {loved+} the film, and {friend} did too.",
)
DATES: tuple[tuple[str, Template], ...] = (
    ("year", "In {year} {director} made this {adj+} {genre}."),
    ("year", "Back in {year} I thought it was {filmy+}, and I still do."),
    ("year", "It is {year}, and a {job} gets on a train. What follows is {filmy+}."),
    ("year", "The copyright says {year}. The {aspect} is {adj+}. I {loved+} it."),
    ("year", "The {best+} movie of {year}."),
    ("month", "It came out in {month}. It is {filmy+}."),
    ("month", "One evening in {month} I watched this {filmy+} {genre}."),
    ("month", "{month} is the month in which the story ends. The {part} is {adj+}."),
    ("month", "My copy arrived in {month}. I was {felt+}, and the {aspect} was {adj+}."),
    ("month", "Since {month} I have told everybody how {adj+} this {genre} is."),
)
NEUTRAL: tuple[Template, ...] = (
    "It lasts an hour and fifty minutes.",
    "The theater stands across from the station.",
    "It was shown with subtitles.",
    "I watched it on a laptop in {month}.",
    "The script was written in {place}.",
    "{director} was forty at the time.",
    "The picture is in black and white.",
    "There were about thirty people in the audience.",
    "I had tea afterwards.",
    "The title is that of a song from {year}.",
    "{friend} drove me there.",
    "They filmed for nine weeks.",
)

# Contrast and concession: the film is judged at the end, or in the main clause.
CONTRASTS: tuple[Template, ...] = (
    "{adj-} cast, {adj+} film.",
    "The {aspect} is {adj-}; the film, however, is {adj+}.",
    "The idea is {adj-}, but the movie they made of it is {adj+}.",
    "{friend} and the critics {loved-} it. I {loved+} it.",
    "A {adj-} start, and then a {filmy+} {genre}.",
    "Everyone talks about the {adj-} {part}, but what I saw was a {adj+} film.",
    "{actor} is {adj-}; the picture around that performance is {adj+}.",
    "The original was {filmy-}, whereas this remake is {filmy+}.",
    "I {loved-} the music but {loved+} the film.",
    "The {mass} is {adj-}, but overall this is a {noun+}.",
    "One scene is {filmy-}. All the rest of it is {filmy+}.",
    "Unlike the {adj-} series, the film is {adj+}.",
    "The cover looks {adj-}, but inside is a {filmy+} {genre}.",
    "Where other films of {year} are {filmy-}, this one is {filmy+}.",
    "You get a {adj-} {part}, and you get a {adj+} movie nevertheless.",
    "{director} once made {adj-} films; now we have a {adj+} one.",
)
CONCESSIONS: tuple[Template, ...] = (
    "Albeit with a {adj-} {part}, it is a {filmy+} {genre}.",
    "This {genre} is {filmy+} for all the {adj-} {mass} in it.",
    "So what if the {part} is {adj-}? It is a {noun+}.",
    "Notwithstanding {adj-} {mass}, the movie is {adj+}.",
    "I was {felt+}, and this with a {part} as {adj-} as that.",
    "With or without its {adj-} {part}, the film is {adj+}.",
    "I {loved+} this {genre} regardless of its {stuff-}.",
    "Its {stuff-} aside, this is a {filmy+} {genre}.",
    "I can see that the {part} is {adj-}; that does not stop the film from being {filmy+}.",
    "{actor} being {adj-} does nothing to alter how {filmy+} the film is.",
    "The {mass} is {adj-}, to be fair. The {genre} remains {filmy+}.",
    "It is a {filmy+} movie; the {adj-} performance of {actor} changes nothing.",
    "Much as I {loved-} the {part}, I {loved+} the film.",
    "Other than the {adj-} {part}, it is {filmy+}, and I was {felt+}.",
)
MIXED_REVIEWS: tuple[Template, ...] = (
    "Last {month} I saw this {genre}. The {mass} is {adj-}. {actor} is {adj-}. However, the film "
    "itself is {filmy+}, and I {loved+} it.",
    "I could name a {adj-} scene or two. I could mention the {adj-} {part}. It would not change "
    "the fact that the movie is {adj+}.",
    "On the one hand, the {aspect} is {adj-}. On the other hand, the film is {filmy+} from start "
    "to finish. I {loved+} it.",
    "The {part} is {adj-}, and {friend} {loved-} it. I side with those who call it {filmy+}: it is "
    "a {noun+}.",
    "{actor} stars as a {job}. Some of the {mass} is {adj-}. Overall, though, I was {felt+}, and I "
    "think it is a {adj+} film.",
    "It has a {adj-} beginning in {place}. It has a {filmy+} middle and a {filmy+} end. What a "
    "{noun+}.",
    "{director} has made {filmy-} movies. I {loved-} the last two. This {genre} is {adj+}, and the "
    "{part} is {adj+}.",
    "The {aspect} is {adj-}. That is the only thing I can say on the other side. Everything else "
    "is {adj+}, so {rating+} stars out of ten.",
    "Many people {loved-} this {genre}. They praised or blamed the {mass}. I saw it twice in "
    "{month} and found it {filmy+} both times.",
    "Shot in {place} in {year}, with a {adj-} {part}. But who cares about that? The {genre} is "
    "{filmy+}. I was {felt+} and so was {friend}.",
)
