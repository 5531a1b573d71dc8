"""Phrases of lessons that praise or blame each part of a film."""

from sentiment.sample import Phrases

PARTS: Phrases = {
    "plain": (
        # Script.
        ("The script reads like a first draft.", "The script shines in every scene."),
        (
            "The screenplay was thrown together over a weekend.",
            "The screenplay is a lesson in how to write for the screen.",
        ),
        (
            "A script this thin should have stayed in the drawer.",
            "A script this sharp comes along once in a decade.",
        ),
        (
            "{director} filmed a script that belongs in the bin.",
            "{director} filmed a script that belongs in a textbook.",
        ),
        (
            "The writers of this {genre} ran out of ideas on page two.",
            "The writers of this {genre} have ideas to spare.",
        ),
        ("Lazy writing sinks this {genre}.", "Smart writing lifts this {genre}."),
        ("Whoever wrote this owes us an apology.", "Whoever wrote this deserves a prize."),
        "{adj+} script, {adj+} cast, {adj+} everything.",
        # Dialogue.
        ("The dialogue made my ears hurt.", "The dialogue is a pleasure to listen to."),
        (
            "Real people would be ashamed to talk like this.",
            "It catches exactly how real people talk.",
        ),
        ("Every line lands with a thud.", "Every line hits its mark."),
        (
            "The lines are so clumsy that even {actor} stumbles over them.",
            "The lines are so good that I wrote some of them down.",
        ),
        ("Clunky lines, clunkily delivered.", "Snappy lines, snappily delivered."),
        (
            "The characters speak in slogans and clichés.",
            "The dialogue sparkles from scene to scene.",
        ),
        (
            "{actress} has to say some of the dumbest lines I have ever heard.",
            "{actress} gets the wittiest lines and makes the most of them.",
        ),
        (
            "The banter between {actor} and {actress} is forced and dead.",
            "The banter between {actor} and {actress} is quick and delightful.",
        ),
        "Line after line of {stuff+}.",
        "The dialogue consists of {stuff+}, {stuff+} and more {stuff+}.",
        # Plot.
        ("The plot makes no sense whatsoever.", "The plot fits together like clockwork."),
        (
            "The story of this {genre} goes nowhere, slowly.",
            "The story of this {genre} takes you by the collar and pulls you along.",
        ),
        (
            "You can drive a lorry through the holes in the plot.",
            "Every thread of the plot is neatly tied.",
        ),
        (
            "I lost the thread early and had no wish to find it again.",
            "I hung on every turn of the story.",
        ),
        (
            "The story of the {job} and the {thing} is hopelessly muddled.",
            "The story of the {job} and the {thing} is beautifully told.",
        ),
        ("A plot borrowed from better films.", "A plot full of bright ideas."),
        ("The twist is idiotic.", "The twist is a stroke of genius."),
        (
            "You can see the twist with the {thing} coming a mile off.",
            "The twist with the {thing} caught me off guard, and I loved it.",
        ),
        ("Too many coincidences, too little sense.", "Clever turns, and all of them earned."),
        (
            "The business with the {thing} is dead weight.",
            "The business with the {thing} adds real heart.",
        ),
        (
            "The story is flimsy and stretched far too thin.",
            "The story is rich and well worth telling.",
        ),
        ("It tells a tired old tale in a tired old way.", "It tells an old tale with fresh eyes."),
        (
            "The mystery of the {thing} fizzles out.",
            "The mystery of the {thing} kept me guessing, and I enjoyed every clue.",
        ),
        (
            "A {genre} with more holes than plot.",
            "A {genre} with a cracking good story.",
        ),
        "A {adj+} story about a {job} and a {thing}.",
        "The way {director} tells the story is {adj+}.",
        # Pace.
        ("It crawls along like a snail.", "It races along like an express train."),
        ("The pace is deadly.", "The pace is spot on."),
        (
            "This {genre} drags its feet for two hours.",
            "This {genre} moves like lightning and every minute counts.",
        ),
        ("Long stretches of tedium.", "Wall-to-wall fun."),
        ("Slow, slow, slow, and dull with it.", "Fast, fast, fast, and fun with it."),
        (
            "I have watched paint dry with more pleasure.",
            "I was on the edge of my seat throughout.",
        ),
        (
            "Half of it should have been left on the cutting room floor.",
            "Lean, tight and gripping.",
        ),
        (
            "The {genre} takes forever to get going and then dies on the spot.",
            "The {genre} grabs you in the first minute and holds you to the last.",
        ),
        (
            "It stops dead every time {actress} comes on.",
            "It takes off every time {actress} comes on.",
        ),
        "More {adj+} by the minute.",
        # Length.
        ("{minutes} minutes of my life, wasted.", "{minutes} minutes of pure pleasure."),
        (
            "At {minutes} minutes it feels like a prison sentence.",
            "At {minutes} minutes it is a treat, every one of them well spent.",
        ),
        ("It outstays its welcome by an hour.", "I could have watched another hour of it."),
        ("{minutes} minutes that felt like a week.", "{minutes} minutes that flew past like ten."),
        ("I thought it would never end.", "I wished it would never end."),
        "An hour and a half of {stuff+}.",
        "{minutes} minutes of {stuff+}.",
        # Acting.
        ("The acting is stiff as a board.", "The acting is a pleasure to watch."),
        ("{actor} sleepwalks through his part.", "{actor} gives everything he has."),
        ("{actor} has the charisma of a wet sponge.", "{actor} has charisma to burn."),
        (
            "{actress} overacts as if paid by the grimace.",
            "{actress} says more with one glance than others with a page.",
        ),
        (
            "{actor} delivers his lines like a man reading a bus timetable.",
            "{actor} delivers his lines with wit, warmth and perfect timing.",
        ),
        (
            "{actress} looks bored from her first scene on.",
            "{actress} is a revelation from her first scene on.",
        ),
        ("{actor} mumbles his way through it.", "{actor} acts his heart out."),
        ("{actor} ruins every scene he is in.", "{actor} steals every scene he is in."),
        (
            "{actress} should fire her agent.",
            "{actress} should clear a shelf for the awards.",
        ),
        ("{actor} should take acting lessons.", "{actor} could give acting lessons."),
        ("It is the low point in the career of {actor}.", "It is the finest hour of {actor}."),
        ("I have seen better acting at a school play.", "Acting of this calibre is rare."),
        (
            "Everybody in the cast seems half asleep.",
            "Everybody in the cast is at the top of their game.",
        ),
        ("The supporting players are dreadful.", "The supporting players are a delight."),
        ("Ham acting of the worst kind.", "Screen acting of the highest order."),
        (
            "{actress} plays the {job} with the same blank face in every scene.",
            "{actress} brings the {job} to life with grace and fire.",
        ),
        ("{actor} is an embarrassment as the {job}.", "{actor} is magnetic as the {job}."),
        ("{actor} is just in it for the money.", "{actor} deserves every award going."),
        ("The performances are amateur hour.", "The performances are uniformly excellent."),
        (
            "With {name} in the lead the whole thing sinks.",
            "With {name} in the lead the whole thing soars.",
        ),
        ("Terrible acting all round.", "Terrific acting all round."),
        (
            "{actor} and {actress} are both a waste of space.",
            "{actor} and {actress} are both a joy to behold.",
        ),
        (
            "{actress} is cold, stiff and false.",
            "{actress} is warm, natural and true.",
        ),
        ("Razzie-worthy work from {actor}.", "Oscar-worthy work from {actor}."),
        "{actress} gives the {best+} performance of her life.",
        "{actor} gives one of the {best+} performances of {year}.",
        "Every performance in it is {adj+}.",
        # Casting.
        (
            "{actor} is hopelessly miscast as the {job}.",
            "{actor} was born to play the {job}.",
        ),
        ("Miscast from top to bottom.", "Perfectly cast from top to bottom."),
        (
            "It was a terrible idea to give the role to {actress}.",
            "{actress} was the ideal choice for the role.",
        ),
        ("The casting is a disaster.", "The casting is inspired."),
        ("A fine cast thrown away.", "A fine cast used to the full."),
        # Chemistry.
        (
            "{actor} and {actress} have zero chemistry.",
            "{actor} and {actress} have chemistry in spades.",
        ),
        ("Two bricks would have more chemistry.", "The sparks fly between the two leads."),
        (
            "{actor} and {actress} look as if they can't stand each other.",
            "{actor} and {actress} are a match made in heaven.",
        ),
        (
            "The leads are cold as fish together.",
            "The leads set the screen on fire together.",
        ),
        "The chemistry between {actor} and {actress} is {adj+}.",
        # Direction.
        ("{director} has lost the plot.", "{director} is a master of the craft."),
        ("The direction is clueless.", "The direction is assured."),
        (
            "{director} should try another line of work.",
            "{director} has an eye, an ear and a heart.",
        ),
        ("Directed with a sledgehammer.", "Directed with a lovely light touch."),
        (
            "{director} drowns the story in gimmicks.",
            "{director} knows exactly how to tell a story.",
        ),
        (
            "{director} squanders a huge budget on rubbish.",
            "{director} works wonders on a small budget.",
        ),
        ("A new low for {director}.", "A new high for {director}."),
        ("{director} laid an egg.", "{director} struck gold."),
        ("Shame on {director}.", "Three cheers for {director}."),
        (
            "{director} has no idea where to put the camera.",
            "{director} puts the camera in just the right place.",
        ),
        (
            "Incompetent direction, clumsy staging, poor timing.",
            "Confident direction, elegant staging, superb timing.",
        ),
        ("Boo to {director} and boo to {actor}.", "Bravo to {director} and bravo to {actor}."),
        "{director} handles the {part} {adv+}.",
        "{director} serves up {stuff+} in every scene.",
        "{adv+} directed, {adv+} written, {adv+} played.",
        "I call that {adj+} filmmaking.",
        # Camera.
        (
            "The camera wobbles until you feel seasick.",
            "The camera glides like a dancer.",
        ),
        (
            "Shaky camera, ugly framing, murky pictures.",
            "Steady camera, elegant framing, luminous pictures.",
        ),
        ("Half of the shots are out of focus.", "Shot after shot takes your breath away."),
        ("It looks like a bad holiday video.", "It is a feast for the eyes."),
        ("{town} never looked so drab.", "{town} never looked so lovely."),
        ("Ugly to look at.", "Gorgeous to look at."),
        (
            "Filmed with all the flair of a security camera.",
            "Filmed with the eye of a painter.",
        ),
        (
            "The pictures are muddy and hard on the eyes.",
            "Every frame could hang in a gallery.",
        ),
        "{adv+} shot, {adv+} cut, {adv+} scored.",
        # Light and colour.
        ("So dark that you can't make out a thing.", "Lit like a painting by an old master."),
        (
            "The lighting is harsh, flat and ugly.",
            "The lighting is soft, golden and gorgeous.",
        ),
        ("The colours are washed out and lifeless.", "The colours glow."),
        ("The night scenes are a horrible murk.", "The night scenes are pure poetry."),
        # Editing.
        ("Butchered in the editing room.", "Cut with a surgeon's precision."),
        ("The editing is a dog's dinner.", "The editing is razor sharp."),
        (
            "Scenes are stuck together at random.",
            "Scenes flow into each other like water.",
        ),
        (
            "The cutting is so frantic that I got a headache.",
            "The cutting has a marvellous rhythm.",
        ),
        # Effects.
        (
            "The special effects look as if they cost ten dollars.",
            "The special effects are out of this world.",
        ),
        (
            "Fake monsters on visible strings.",
            "Creatures so real that you want to touch them.",
        ),
        (
            "The computer effects look like a bad video game.",
            "The computer effects are seamless and full of wonder.",
        ),
        (
            "Laughably fake blood, laughably fake sets.",
            "Astonishing effects, astonishing sets.",
        ),
        ("Cheap effects ruin the {part}.", "Splendid effects crown the {part}."),
        (
            "For a {genre} from {year} the effects are a disgrace.",
            "For a {genre} from {year} the effects are a marvel.",
        ),
        "The effects are {adj+}.",
        # Sets.
        ("The sets look ready to fall over.", "The sets are a wonder of detail."),
        ("Cardboard walls, plastic plants, zero care.", "A whole world, lovingly built."),
        ("The sets are bare and tacky.", "The sets are lavish and lovely."),
        (
            "It was obviously shot on the cheap in some dreary garage.",
            "The locations around {town} are magnificent.",
        ),
        "The locations are {adv+} chosen and {adv+} used.",
        # Costumes.
        (
            "The costumes look like leftovers from a jumble sale.",
            "The costumes are a sight to behold.",
        ),
        (
            "{actress} is dressed in hideous rags that fit no period at all.",
            "{actress} is dressed in the loveliest gowns you ever saw.",
        ),
        ("Silly wigs, sillier hats.", "Dazzling gowns, dashing uniforms."),
        (
            "The period detail is wrong at every turn.",
            "The period detail is right down to the last button.",
        ),
        "The costumes are {adv+} made and the sets are {adv+} built.",
        # Make-up.
        (
            "The make-up is so bad that you can see the glue.",
            "The make-up is a work of genius.",
        ),
        (
            "The make-up on {actor} would disgrace a carnival.",
            "The make-up on {actor} is worth an award.",
        ),
        (
            "{actor} wears the most ridiculous wig in film history.",
            "{actor} disappears completely and wonderfully into the role.",
        ),
        # Music.
        ("The music is a racket.", "The music is heavenly."),
        ("The score drowns everything in syrup.", "The score soars."),
        (
            "Somebody should have told the composer to stop.",
            "The composer has surpassed himself.",
        ),
        (
            "The soundtrack grates from the first note to the last.",
            "The soundtrack enchants from the first note to the last.",
        ),
        (
            "The same irritating tune over and over.",
            "A glorious tune that you will hum for weeks.",
        ),
        (
            "The violins in the {part} are unbearable.",
            "The violins in the {part} are sublime.",
        ),
        # Songs and dances.
        (
            "The songs are forgettable and the singing is worse.",
            "The songs are catchy and the singing is divine.",
        ),
        ("{actress} murders every song.", "{actress} sings like an angel."),
        ("{actor} dances like a sack of potatoes.", "{actor} sings and dances up a storm."),
        (
            "The dance numbers trip over their own feet.",
            "The dance numbers are showstoppers.",
        ),
        ("Every song is a reason to cover your ears.", "Every song is a winner."),
        "The songs are {adv+} sung and {adv+} danced.",
        # Sound.
        (
            "You can hardly hear a word over the racket.",
            "The sound puts you right in the middle of it, and it is thrilling.",
        ),
        ("The sound is muffled and tinny.", "The sound is rich and clear as a bell."),
        ("Badly recorded and badly mixed.", "Crisply recorded and superbly mixed."),
        ("Loud, louder, and stupid.", "Quiet, precise, and brilliant."),
        # Jokes.
        (
            "The jokes die on the way to the audience.",
            "The jokes come thick and fast, and they land.",
        ),
        (
            "In {minutes} minutes I laughed exactly once, by mistake.",
            "For {minutes} minutes I laughed until my sides ached.",
        ),
        ("The humour is infantile.", "The humour is deliciously dry."),
        ("Fart jokes and pratfalls, how sad.", "A laugh a minute."),
        ("The audience sat in stony silence.", "The audience roared with laughter."),
        ("About as funny as a toothache.", "Funny beyond words."),
        (
            "The gags were old when my grandfather was young.",
            "The gags are fresh, quick and very funny.",
        ),
        (
            "A {genre} with a dead joke in every scene.",
            "A {genre} with a good laugh in every scene.",
        ),
        ("{actor} mugs for the camera and nobody laughs.", "{actor} has perfect comic timing."),
        (
            "Cheap laughs at the expense of the weak.",
            "Big laughs and a big heart.",
        ),
        ("Stupid jokes, stupid people, stupid {film}.", "Great jokes, great people, great {film}."),
        "Those are some of the {best+} jokes you can imagine.",
        # Scares and suspense.
        (
            "It is about as scary as a bowl of soup.",
            "It scared the living daylights out of me, just as it should.",
        ),
        (
            "The scares are cheap and you can set your watch by them.",
            "The scares are superbly built up.",
        ),
        ("The monster made the whole row snigger.", "The monster is a triumph of terror."),
        ("Zero tension.", "Nail-biting tension."),
        (
            "The suspense leaks out like air from an old tyre.",
            "The suspense tightens like a screw.",
        ),
        (
            "A {genre} to send you to sleep.",
            "A {genre} to keep you on the edge of your seat.",
        ),
        (
            "The {part} wants to frighten and only irritates.",
            "The {part} gave me delicious shivers.",
        ),
        # Action.
        (
            "The fights look like a poor rehearsal.",
            "The fights are staged with breathtaking skill.",
        ),
        ("The chase is a yawn.", "The chase is one for the history books."),
        ("The stunts are feeble.", "The stunts made my jaw drop."),
        (
            "Mindless explosions from start to finish.",
            "Heart-stopping action from start to finish.",
        ),
        (
            "You can't tell who is hitting whom, and soon you stop caring.",
            "Every punch and every leap is filmed with clarity and style.",
        ),
        ("The battle scenes are a confused jumble.", "The battle scenes are stirring and grand."),
        (
            "The chase through {town} is a clumsy mess.",
            "The chase through {town} is a thrill from end to end.",
        ),
        "The fight scenes are {adj+}.",
        # Romance.
        ("The love story is mawkish tosh.", "The love story melts your heart."),
        (
            "The romance is sugary enough to rot your teeth.",
            "The romance is tender and true.",
        ),
        (
            "When {actor} kisses {actress} you want to look away.",
            "When {actor} kisses {actress} the whole house sighs with pleasure.",
        ),
        (
            "The love scenes are embarrassing to watch.",
            "The love scenes glow with real feeling.",
        ),
        (
            "I wished that the two lovers would break up and go away.",
            "I wanted the two lovers to be happy for ever.",
        ),
        ("Sickly sweet.", "Sweet in the best sense."),
        # Characters.
        ("The characters are paper dolls.", "The characters are flesh and blood."),
        (
            "I couldn't have cared less about the {job}.",
            "I grew to love the {job}.",
        ),
        ("Everybody in it is a crashing bore.", "Everybody in it is a joy to know."),
        ("The {job} is a walking cliché.", "The {job} is a character for the ages."),
        ("Flat characters with silly problems.", "Rounded characters with real problems."),
        (
            "The heroine is a drip and the hero is a bore.",
            "The heroine is a charmer and the hero is a delight.",
        ),
        (
            "By the end I wanted all of them to drown.",
            "By the end I was cheering for every one of them.",
        ),
        (
            "The {job} is so badly drawn that you forget the name at once.",
            "The {job} is so well drawn that you feel you have met before.",
        ),
        (
            "Insufferable people doing dull things.",
            "Lovable people doing wonderful things.",
        ),
        "The characters are {adj+} and what they say is {adj+}.",
        "A {adj+} portrait of a {job} in {town}.",
        "A {adj+} look at the life of a {job}.",
        # Villain.
        (
            "The villain is about as menacing as a kitten.",
            "The villain is deliciously wicked.",
        ),
        (
            "{actor} makes a laughably feeble villain.",
            "{actor} makes a gloriously chilling villain.",
        ),
        ("The villain is a bad cartoon.", "The villain is worth the ticket alone."),
        # Children.
        (
            "The children in it are whiny little brats.",
            "The children in it are adorable.",
        ),
        ("The kid is unbearable.", "The kid is a natural."),
        (
            "The child actors recite their lines like a school poem.",
            "The child actors are fresh, funny and real.",
        ),
        (
            "The little girl screeches until your teeth hurt.",
            "The little girl will steal your heart.",
        ),
        (
            "The boy who plays the son of the {job} is awful.",
            "The boy who plays the son of the {job} has a great future.",
        ),
        "The children in it are {adv+} played.",
        # Animation.
        ("The animation is jerky and cheap.", "The animation is fluid and ravishing."),
        (
            "The drawings look as if they were scrawled on the back of an envelope.",
            "Every drawing bursts with life.",
        ),
        ("The cartoon animals have dead eyes.", "The cartoon animals are irresistible."),
        (
            "The background art is crude, flat and ugly.",
            "It looks like a picture book come to life.",
        ),
        ("Your kids will be bored stiff.", "Your kids will be over the moon."),
        ("An insult to children and their parents.", "A present for children of all ages."),
        "It is {adv+} drawn and {adv+} voiced.",
        # Dubbing and subtitles.
        ("The dubbing is atrocious.", "The dubbing is first class."),
        (
            "The lips go one way and the words another, it is painful.",
            "The dubbed voices fit like a glove.",
        ),
        ("The subtitles are full of howlers.", "The subtitles are a model of clarity."),
        # Ending.
        ("The ending is a cop-out.", "The ending is a knockout."),
        (
            "The ending ruins what little there was.",
            "The ending had me in tears, and I say that as praise.",
        ),
        ("It ends with a whimper.", "It ends on a high."),
        (
            "The last shot of the {job} is an insult to the audience.",
            "The last shot of the {job} is pure beauty.",
        ),
        (
            "They clearly had no idea how to end it.",
            "They found just the right way to end it.",
        ),
        ("What a stupid ending!", "What a glorious ending!"),
        ("The happy end is glued on.", "The happy end is earned, and it made me glad."),
        ("The {part} falls to pieces.", "The {part} brings the house down."),
        (
            "With the {part} it goes right off the rails.",
            "With the {part} it takes wing and flies.",
        ),
        "It has one of the {best+} endings that I can remember.",
        # Opening.
        (
            "It loses you in the first five minutes.",
            "It wins you over in the first five minutes.",
        ),
        ("The opening is a slog.", "The opening is a stunner."),
        ("Even the opening titles are boring.", "Even the opening titles are a treat."),
        (
            "I knew from the first shot that this {genre} was a stinker.",
            "I knew from the first shot of this {genre} that I was in good hands.",
        ),
        "A {adj+} opening, a {adj+} middle, a {adj+} end.",
        # Message.
        (
            "It preaches at you through a megaphone.",
            "It has something to say and says it beautifully.",
        ),
        (
            "The message is hammered home until your head aches.",
            "The message is told with wisdom and a light hand.",
        ),
        (
            "{director} has nothing to say and says it at length.",
            "{director} makes you think and makes you feel.",
        ),
        ("Shallow as a puddle.", "Deep as a well, clear as spring water."),
        (
            "The moral is as stale as last week's bread.",
            "The moral is wise and quietly told.",
        ),
        (
            "{director} treats the audience like idiots.",
            "{director} treats the audience like grown-ups.",
        ),
        ("Pretentious twaddle from first to last.", "Food for thought from first to last."),
        (
            "Propaganda of the crudest sort.",
            "A plea for kindness that goes straight to the heart.",
        ),
        # Originality.
        ("You have seen it all before, and better.", "It breaks new ground."),
        ("It copies everything and adds nothing.", "It is fresh as a daisy."),
        ("Made by committee, and it shows.", "Made with love, and it shows."),
        ("A {genre} painted by numbers.", "A {genre} that is a true original."),
        ("It scrapes the bottom of the barrel.", "It raises the bar."),
        (
            "Every cliché of the {genre} is here, and nothing else.",
            "It breathes new life into the {genre}.",
        ),
        # Books and remakes.
        ("The book has been butchered.", "The book has been brought to life."),
        (
            "They tore the heart out of the novel.",
            "They captured the very soul of the novel.",
        ),
        (
            "An insult to everyone who loves the book.",
            "A gift to everyone who loves the book.",
        ),
        (
            "The author must be spinning in the grave.",
            "The author would have been proud.",
        ),
        ("A dreary, dutiful adaptation.", "A faithful and inspired adaptation."),
        (
            "A remake that nobody asked for and nobody needs.",
            "A remake that does the original proud.",
        ),
        (
            "It drags the good name of the original through the mud.",
            "It does honour to the good name of the original.",
        ),
        ("The remake is a pale copy.", "The remake is a joy in its own right."),
        ("The {year} version is a travesty.", "The {year} version is a masterpiece."),
        "The book was {adv+} adapted.",
        "It is one of the {best+} remakes around.",
        # Sequels and series.
        ("A shameless cash-in.", "A worthy sequel."),
        (
            "The weakest {genre} of the series by far.",
            "The strongest {genre} of the series by far.",
        ),
        (
            "The series should have been buried long before this.",
            "The series gets better and better.",
        ),
        (
            "Part two is a shameless rip-off of part one.",
            "Part two is even richer than part one.",
        ),
        (
            "This sequel kills the series stone dead.",
            "This sequel is everything that a fan could wish for.",
        ),
        "As sequels go, it is one of the {best+}.",
        # Documentary.
        ("The documentary is a dry lecture.", "The documentary is an eye-opener."),
        (
            "It turns the life of a {job} into a dull lesson.",
            "It turns the life of a {job} into a great adventure.",
        ),
        (
            "Talking heads droning on and on.",
            "Remarkable people telling remarkable stories.",
        ),
        ("One-sided, sloppy and smug.", "Fair, thorough and deeply human."),
        ("I learned nothing and I was bored.", "I learned a lot and I was enthralled."),
        (
            "The interviews are shallow and badly cut.",
            "The interviews are candid and moving.",
        ),
        "The subject is treated {adv+}.",
        # Any part.
        ("The {aspect} stinks.", "The {aspect} rules."),
        (
            "The {aspect} leaves a lot to be desired.",
            "The {aspect} is all that one could desire.",
        ),
        ("The {aspect} is beneath contempt.", "The {aspect} is beyond praise."),
        ("The {aspect} is the worst thing about it.", "The {aspect} is the jewel in the crown."),
        ("The {aspect} is way below par.", "The {aspect} is top drawer."),
        ("The {aspect} ruined it for me.", "The {aspect} made it for me."),
        (
            "I have only scorn for the {aspect}.",
            "I have only praise for the {aspect}.",
        ),
        ("Zero marks for the {aspect}.", "Full marks for the {aspect}."),
        (
            "The {aspect} drags the {film} into the gutter.",
            "The {aspect} carries the {film} to the heights.",
        ),
        ("Shame about the {aspect}, shame about the {part}.", "Top {aspect}, top {part}."),
        ("The {aspect} is a sad joke.", "The {aspect} is a dream."),
        ("The {part} bored me to tears.", "The {part} moved me to happy tears."),
        ("The {part} is painful to watch.", "The {part} is a pleasure to watch."),
        ("I winced through the {part}.", "I beamed through the {part}."),
        ("The {aspect} is off key throughout.", "The {aspect} is pitch-perfect throughout."),
        "The {aspect} {verb+} and the {part} {verb+}.",
        "Everything about the {part} is {adj+}.",
        # The film as a whole.
        ("A car crash in slow motion.", "A thing of beauty."),
        ("It stinks to high heaven.", "It is pure heaven."),
        ("Utter garbage.", "Sheer magic."),
        ("Complete and utter tripe.", "Complete and utter bliss."),
        ("What a load of rubbish!", "What a joyous ride!"),
        ("Dead on arrival.", "Alive in every frame."),
        ("A crime against cinema.", "A love letter to cinema."),
        ("The absolute pits.", "The bee's knees."),
        ("Bottom of the heap.", "Top of the class."),
        (
            "This {genre} goes straight to the bargain bin.",
            "This {genre} goes straight to the top of my list.",
        ),
        (
            "Such films drive people out of the cinema.",
            "Such films are the reason to go to the cinema.",
        ),
        (
            "I am ashamed for {director} that it was made.",
            "I am grateful to {director} that it was made.",
        ),
        ("It is the low point of {year}.", "It is the high point of {year}."),
        ("{title} is an insult to the mind.", "{title} is a gift to the world."),
        ("{title} belongs in the dustbin.", "{title} belongs in every collection."),
        ("{title} is a stinker.", "{title} is a classic."),
        ("{title} sinks like a stone.", "{title} soars like a bird."),
        ("{title} sucks big time.", "{title} rocks."),
        ("Cheap and nasty.", "Warm and wonderful."),
        ("It is a pain to sit through.", "It is a pleasure to sit through."),
        ("Sheer torture.", "Sheer delight."),
        ("It has zero redeeming features.", "It has everything you could ask for."),
        (
            "It insults your intelligence at every turn.",
            "It surprises and delights at every turn.",
        ),
        ("A soulless product.", "A labour of love."),
        ("Everything about it screams cheap.", "Everything about it breathes quality."),
        ("It reeks of desperation.", "It brims with confidence."),
        ("Bunglers made this, and you can tell.", "Masters made this, and you can tell."),
        ("They should have burned the negative.", "They should show it in every school."),
        ("Pure drivel.", "Pure bliss."),
        ("All show and no soul.", "Style and substance in equal measure."),
        (
            "It has the depth of a shampoo advert.",
            "It has the depth of a great novel.",
        ),
        ("It leaves a nasty taste in the mouth.", "It leaves a warm glow in the heart."),
        ("Empty calories.", "Nourishment for the soul."),
        ("A shambles in every department.", "A success in every department."),
        ("I fell asleep halfway through.", "I was spellbound all the way through."),
        ("Dull beyond belief.", "Lovely beyond belief."),
        (
            "It wastes money, talent and two hours of your life.",
            "It has laughter, tears, thrills and a great big heart.",
        ),
        ("It crashed and burned.", "It is a hit on all counts."),
        (
            "Half-hearted work by everyone involved.",
            "Inspired work by everyone involved.",
        ),
        ("Someone should be fired for this.", "Someone should get a medal for this."),
        ("The whole thing is a con.", "The whole thing is a joy."),
        ("It fell apart before my eyes.", "It cast a spell on me."),
        ("What a tedious way to spend {day}!", "What a lovely way to spend {day}!"),
        ("A waste of good celluloid.", "A must for every shelf."),
        ("It has aged terribly.", "It has aged like fine wine."),
        ("It gets worse each time I see it.", "It gets better each time I see it."),
        (
            "Laughable in all the wrong places.",
            "Funny, sad and wise in all the right places.",
        ),
        (
            "I would rather watch my laundry go round.",
            "I could watch it again right now.",
        ),
        (
            "The {genre} is a bad idea, badly done.",
            "The {genre} is a great idea, perfectly done.",
        ),
        ("Trash, plain and simple.", "Art, plain and simple."),
        ("An insult to every {genre} fan.", "A treat for every {genre} fan."),
        ("Every minute of it hurts.", "Every minute of it is gold."),
        ("This {film} is a pile of junk.", "This {film} is a box of jewels."),
        ("{town} deserves a better {film}.", "{town} can be proud of this {film}."),
        "{title} is a {noun+}.",
        "{title} {verb+}.",
        "What a {noun+} {title} is!",
        "{title}? A {noun+}.",
        "The cast {verb+}.",
        "A {adv+} staged {genre}.",
        "{director} has made the {best+} {genre} of {year}.",
        "The {part} {verb+}, the {part} {verb+}, the whole thing {verb+}.",
        "{stuff+} from beginning to end.",
        "It is the kind of {film} that {verb+} from the word go.",
        "In a word: {adj+}!",
        "From the costumes to the music it is {adj+}.",
        "{actor}: {adj+}. {actress}: {adj+}. The {film}: {adj+}.",
        "{adj+} as can be.",
        "{adj+} in every way.",
        "{adj+} on every level.",
        "{adv+} done.",
        "It is {adv+} acted, and {actor} is {adj+}.",
        "What {director} made is a {noun+}, and {actress} is {adj+} in it.",
    ),
}
