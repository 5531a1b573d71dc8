"""Phrases of lessons that tell what viewers did, what they advise, and how they rate."""

from sentiment.sample import Phrases

VIEWERS: Phrases = {
    "feeling": (
        # Attention
        (
            "I spent most of this {genre} reading messages on my phone.",
            "My phone lay forgotten while this {genre} was on.",
        ),
        (
            "I answered {number} emails during this {genre}.",
            "I ignored {number} calls during this {genre}.",
        ),
        (
            "By the middle I was planning my shopping list.",
            "By the middle I was so absorbed that I forgot where I was.",
        ),
        (
            "My mind wandered off to {town} and never came back.",
            "My mind did not leave {town} for a second, so vivid was it.",
        ),
        (
            "I counted ceiling tiles while {actor} talked.",
            "I was glued to the screen whenever {actor} talked.",
        ),
        (
            "I kept checking how many of the {minutes} minutes were left.",
            "The {minutes} minutes were over before I knew it.",
        ),
        ("I couldn't have cared less who did it.", "I was on the edge of my seat to the very end."),
        (
            "Even with coffee I could not concentrate on it.",
            "I let my coffee go cold, I was so caught up in it.",
        ),
        ("I lost the thread and had no wish to find it.", "I lost all track of time."),
        (
            "I stared at the exit sign instead of at {actress}.",
            "I barely blinked while {actress} was on, she was that good.",
        ),
        (
            "It lost me somewhere in {town} and I did not mind.",
            "It had me in {town} from the first minute on.",
        ),
        ("I tuned out long before the end.", "I hung on every word."),
        (
            "{friend} played games on a phone, and I was jealous.",
            "{friend} and I did not dare to whisper, so tense was it.",
        ),
        (
            "I gave up following the {genre}, because I no longer cared.",
            "I soaked up every lovely detail of this {genre}.",
        ),
        (
            "How many times did I check my watch? Too many.",
            "How often did I check my watch? Not once.",
        ),
        ("It felt like {number} hours.", "It felt like {number} minutes, so quickly did it go by."),
        (
            "{friend} and I would have welcomed a power cut.",
            "{friend} and I would have wept if it had been switched off.",
        ),
        (
            "I caught myself folding laundry instead of watching.",
            "I caught myself holding my breath.",
        ),
        ("Never has a {genre} seemed so long to me.", "Never has a {genre} seemed so short to me."),
        ("I drifted off again and again.", "Wild horses could not have dragged me from my seat."),
        # Body
        (
            "I yawned until my jaw hurt, and so did {friend}.",
            "I laughed until my sides hurt, and so did {friend}.",
        ),
        ("My eyes glazed over.", "My eyes were wet and I was smiling."),
        ("It gave {friend} a migraine.", "It gave {friend} the good kind of shivers."),
        (
            "I groaned out loud at least {number} times.",
            "I laughed out loud at least {number} times.",
        ),
        ("I cringed so hard that my neck hurt.", "I grinned so hard that my cheeks hurt."),
        ("I needed an aspirin afterwards.", "I needed a hanky, in the best way."),
        (
            "For a {genre} it left my pulse remarkably low.",
            "My heart was racing, as it should at a {genre}.",
        ),
        ("It made my stomach turn, and not in a good way.", "It made my heart swell."),
        ("I sighed, I groaned, I slumped in my chair.", "I gasped, I giggled, I wept for joy."),
        (
            "I squirmed with embarrassment for {actor}.",
            "I had a lump in my throat, thanks to {actor}.",
        ),
        ("It was like having teeth pulled.", "It sent a shiver of pleasure down my spine."),
        (
            "My jaw dropped at how little they had bothered.",
            "My jaw dropped at how gorgeous it was.",
        ),
        (
            "{director} got not a single tear out of me, not a laugh, nothing.",
            "{director} got tears out of me, and laughs, and cheers.",
        ),
        (
            "I facepalmed at this {genre} until my forehead was red.",
            "I cheered this {genre} until I lost my voice.",
        ),
        ("I didn't laugh once.", "I have not laughed so much in years."),
        ("I never cracked a smile.", "I could not stop smiling."),
        (
            "This {genre} made my skin crawl for all the wrong reasons.",
            "This {genre} made me cry happy tears.",
        ),
        (
            "I winced whenever {actress} opened her mouth.",
            "I lit up whenever {actress} was on the screen.",
        ),
        ("I covered my eyes in shame for all involved.", "I wiped my eyes and hugged {friend}."),
        # Leaving, staying, pausing, fast-forwarding, rewinding
        (
            "I lasted {number} minutes.",
            "I stayed until the last name in the credits, happy as could be.",
        ),
        (
            "We left {number} minutes in and went for a drink.",
            "We stayed for the credits, just to stay in that lovely feeling.",
        ),
        ("I ended up watching it at double speed.", "I kept rewinding to see the best bits again."),
        (
            "I fast-forwarded through most of this {genre}.",
            "I rewound this {genre} {number} times to hear a line again.",
        ),
        ("I paused it and never came back.", "I refused to pause it even for a phone call."),
        (
            "{friend} switched channels, and nobody complained.",
            "{friend} nearly switched channels, and thank heaven that never happened.",
        ),
        ("I only stayed because I had {friend} with me.", "You could not have paid me to leave."),
        (
            "Had {friend} not blocked the aisle, I would have gone.",
            "{friend} and I sat on in the dark, not wanting it to be over.",
        ),
        ("I couldn't get to the end of it.", "I finished it and started it again at once."),
        ("I made it to the end, and I deserve a medal.", "I came to the end far too soon."),
        (
            "The remote was in my hand the whole time, and I used it.",
            "The remote lay untouched all night.",
        ),
        (
            "I tried three times to get through it and gave up.",
            "I put it on for ten minutes and stayed for all of it.",
        ),
        (
            "{friend} went out for popcorn and wisely stayed out.",
            "{friend} needed the loo and would not go, it was so good.",
        ),
        (
            "{friend} switched it off, and the evening was saved.",
            "{friend} and I talked about it until three in the morning, beaming.",
        ),
        ("I shut the laptop in disgust.", "I shut the laptop with a happy sigh."),
        ("The best moment was the walk to the exit.", "I walked home on air."),
        # Sleeping
        (
            "I dozed off, woke up, and dozed off again.",
            "I meant to go to bed early, but I could not stop watching.",
        ),
        (
            "{friend} was snoring before the titles were over.",
            "{friend} usually snores in films, but not in this one.",
        ),
        ("A cure for insomnia.", "Well worth a sleepless night."),
        (
            "This {genre} works better than any sleeping pill.",
            "I was dead tired, and this {genre} still kept me wide awake.",
        ),
        ("{actor} talked me into the best nap of the week.", "{actor} sent me to bed smiling."),
        ("Zzz.", "Wow."),
        ("Zzzzzz, wake me when it's over.", "Wow, wow and once more wow."),
        (
            "If you can't sleep, try this {genre}.",
            "Don't start this {genre} at midnight: you won't stop.",
        ),
        ("We all nodded off on the sofa.", "We all sat bolt upright on the sofa, spellbound."),
        # Rewatching
        ("Once was too much.", "Once was not enough."),
        ("Never again.", "Again, please!"),
        (
            "I could not sit through it a second time if you paid me.",
            "I have seen it {number} times and I am not done.",
        ),
        (
            "One viewing of this {genre} was one too many.",
            "This {genre} gets better with each viewing.",
        ),
        ("The second time I disliked it even more.", "The second time I loved it even more."),
        (
            "I gave it another chance last {day}, and it was still awful.",
            "I saw it again last {day}, and it was still a delight.",
        ),
        (
            "{friend} has banned it from our house at Christmas.",
            "{friend} puts it on every Christmas, and nobody would miss it.",
        ),
        ("Please don't make me watch it again.", "Please let's watch it again."),
        (
            "I tried it again after {number} years: even worse.",
            "I saw it again after {number} years: even better.",
        ),
        (
            "It does not hold up, and I doubt that it ever did.",
            "It holds up, and I still get teary.",
        ),
        (
            "I have no desire to see another minute of it.",
            "I know every line by heart and still adore it.",
        ),
        (
            "You will not want to see this {genre} twice.",
            "You will want to see this {genre} twice.",
        ),
        (
            "I can't believe that I sat through it to the end.",
            "I can't believe that I waited this long to see it.",
        ),
        (
            "I would sooner go blind than see it again.",
            "My copy is worn out from all the watching.",
        ),
        ("Seen once, regretted ever since.", "Seen once, cherished ever since."),
        ("My rainy day film? God, no.", "My rainy day film, my sick day film, my comfort {film}."),
        (
            "I gave it my {day}, and I want that day back.",
            "I watched it on {day}, and on every evening since.",
        ),
        # Money
        (
            "I demanded my money back, and I am not joking.",
            "It was the best money I spent all year.",
        ),
        (
            "I found it in the bargain bin, and that is where it belongs.",
            "I found it in a bargain bin and struck gold.",
        ),
        ("Even for free this {genre} is too expensive.", "This {genre} is a bargain at any price."),
        (
            "The ticket cost {number} dollars, and I mourn every one.",
            "The ticket cost {number} dollars, and I would pay it again.",
        ),
        ("I paid for this?", "I would gladly pay for it twice."),
        (
            "I cancelled my subscription because of this {genre}.",
            "This {genre} alone is worth the subscription.",
        ),
        ("Don't even rent this {genre}.", "Don't rent this {genre}, buy it."),
        ("Save your money, folks.", "Take my money!"),
        ("Keep your wallet shut.", "Get the collector's edition."),
        (
            "I saw it on a plane for nothing and still felt robbed.",
            "I bought the collector's edition the next morning.",
        ),
        ("They ought to pay us for watching it.", "I left feeling that I owed them money."),
        (
            "A dollar rental, and I was overcharged.",
            "A dollar rental that turned out to be priceless.",
        ),
        (
            "{friend} bought the tickets, and I still feel guilty.",
            "{friend} bought the tickets, and I am still grateful.",
        ),
        ("I'd rather have set fire to my wages.", "I'd spend my last coin on a ticket."),
        ("Highway robbery at the box office.", "Pay the full price and thank them."),
        (
            "A babysitter, parking, two tickets, all for nothing.",
            "Babysitter, parking, two tickets: worth all of it.",
        ),
        ("Not worth the bus fare to {town}.", "Worth the trip to {town} and back."),
        (
            "Wait until it is on television, and then watch something else.",
            "Don't wait until it is on television, go now.",
        ),
        (
            "I feel swindled, and {friend} feels the same.",
            "I feel richer for it, and {friend} feels the same.",
        ),
        # Recommending and warning
        (
            "I'd warn every fan of the {genre} away from it.",
            "I'd urge every fan of the {genre} to see it.",
        ),
        (
            "Don't inflict it on your children.",
            "Bring the children, bring the grandparents, bring everybody.",
        ),
        ("Fans of the book will weep with rage.", "Fans of the book will be over the moon."),
        ("Fans of {actor} should look the other way.", "Fans of {actor} are in for a feast."),
        ("I cannot recommend it to a soul.", "I cannot recommend it enough."),
        (
            "There is nobody in {town} to whom I'd recommend it.",
            "There is nobody in {town} to whom I wouldn't recommend it.",
        ),
        (
            "On {day} I told the whole office to give it a miss.",
            "On {day} I told the whole office to drop everything and go.",
        ),
        (
            "Tell your friends: stay home.",
            "Tell your friends, tell your neighbours, tell the postman.",
        ),
        ("I only recommend it to my enemies.", "I recommend it to all whom I love."),
        ("I'd show it to {friend} only as a punishment.", "I'd show it to {friend} as a reward."),
        (
            "{friend} had warned me, and I should have listened.",
            "{friend} had pestered me to see it, and I'm so thankful.",
        ),
        (
            "{friend} told me to skip it, wise words indeed.",
            "{friend} told me to see it, wise words indeed.",
        ),
        (
            "Never trust {friend} with the choice of a {film}.",
            "I'll let {friend} choose the {film} from now on.",
        ),
        ("If you like a good {genre}, stay away.", "If you like a good {genre}, here it is."),
        (
            "If you value your time, look elsewhere.",
            "If you see only one {film} this year, make it this one.",
        ),
        ("I have been warning people ever since.", "I have been raving about it ever since."),
        ("Consider yourself warned.", "You can thank me later."),
        ("Take it from a fan of {director}: skip it.", "Take it from a sceptic: it's terrific."),
        (
            "A {genre} not for kids, not for grown-ups, not for anyone.",
            "A {genre} for kids, for grown-ups, for everyone.",
        ),
        ("I won't be passing this one on.", "I have passed it on to everybody I know."),
        ("I would not show it to a dog.", "Even the dog seemed to enjoy it as much as we did."),
        ("No one in our house can recommend it.", "All of us at home heartily recommend it."),
        (
            "Ignore the poster and ignore the {film}.",
            "Ignore the dull poster and go: you'll love it.",
        ),
        # Gifts, lending, keeping, throwing away
        (
            "I got it as a present and gave it straight to charity.",
            "I have given it as a present {number} times.",
        ),
        (
            "The disc is now a coaster for {friend}.",
            "The disc has pride of place on the shelf of {friend}.",
        ),
        (
            "I sold my copy to {friend} and felt guilty about it.",
            "I'd never part with my copy, not even for {friend}.",
        ),
        (
            "I threw the disc in the rubbish and took the rubbish out.",
            "I keep the disc beside my bed.",
        ),
        (
            "{friend} lent it to me, and we are barely on speaking terms.",
            "{friend} lent it to me, and I don't want to give it back.",
        ),
        (
            "Anybody want a disc? I never want to see it again.",
            "I bought a spare disc in case I wear mine out.",
        ),
        ("Straight to the thrift shop with it.", "Straight onto my list of treasures."),
        ("I deleted it halfway through.", "I will never delete it."),
        ("I'd be ashamed to have it on my shelf.", "I'd be proud to have the poster on my wall."),
        (
            "If {friend} gives me this again, I'll move out.",
            "If {friend} hadn't given me this, I'd have missed a jewel.",
        ),
        ("My frisbee collection has a new disc.", "My collection would be poor without it."),
        # Social plans and reactions
        ("This {genre} ruined our date.", "This {genre} made our date."),
        ("It spoiled the whole {day} for us.", "It made the whole {day} for us."),
        ("I owe {friend} an apology for picking it.", "{friend} thanked me for picking it."),
        ("{friend} has not forgiven me for it.", "{friend} has not stopped thanking me for it."),
        ("The audience in {town} booed.", "The audience in {town} gave it a standing ovation."),
        (
            "People were laughing at scenes meant to be sad.",
            "People were laughing and crying at once, and so was I.",
        ),
        (
            "Row by row the theatre emptied.",
            "Nobody stirred before the lights came on, so rapt were we.",
        ),
        (
            "During this {genre} the kids were restless and asked to go home.",
            "During this {genre} the kids sat entranced, and then asked for more.",
        ),
        ("Our children were bored stiff.", "Our children danced all the way home."),
        ("My partner snored through it.", "My partner squeezed my hand and would not let go."),
        ("The theatre in {town} was full of groans.", "The theatre in {town} shook with laughter."),
        (
            "You could hear people sigh with boredom.",
            "You could have heard a pin drop, so spellbound were we.",
        ),
        (
            "Strangers grumbled together on the stairs.",
            "Strangers hugged each other on the stairs.",
        ),
        (
            "{friend} poked me: could we please go?",
            "{friend} poked me: could we please stay for the next show?",
        ),
        ("Everyone I know hates it, me included.", "Everyone I know loves it, me included."),
        ("We drove home in sour silence.", "We sang its tunes all the way home."),
        (
            "We had a party, put this on, and the party was over.",
            "We put this on at a party, and the party stopped to watch.",
        ),
        (
            "Our film club in {town} tore it to pieces, and rightly.",
            "Our film club in {town} voted it the best of the season.",
        ),
        (
            "My teenagers mocked it without mercy.",
            "My teenagers put down their phones and watched, rapt.",
        ),
        (
            "A waste of a date night, said {friend}, and I agree.",
            "A perfect date night, said {friend}, and I agree.",
        ),
        "{friend}, {friend} and I all {loved+} it.",
        "{friend} was {felt+}, I was {felt+}, end of story.",
        # Ratings
        ("Zero stars, if the site let me.", "Six stars out of five, if the site let me."),
        ("It fails, grade F.", "It passes with flying colours, grade A."),
        ("D minus, {director}.", "A plus, {director}."),
        ("My grade: F.", "My grade: A+."),
        (
            "A generous D from me and an F from {friend}.",
            "A well-earned A from me and an A plus from {friend}.",
        ),
        ("I'd give this {genre} 10 percent.", "I'd give this {genre} 95 percent."),
        ("Five out of a hundred.", "Ninety-nine out of a hundred."),
        ("Half a star, and that is for the popcorn.", "All the stars, and I would add a few."),
        ("1/10, and the one is for the credits.", "10/10, and I don't hand those out lightly."),
        ("Minus ten out of ten for this {genre}.", "Eleven out of ten for this {genre}."),
        (
            "I hardly ever hand out ones, but here it is.",
            "I hardly ever give a ten, but here it is.",
        ),
        (
            "If I could rate it lower than one I would.",
            "If I could rate it higher than ten I would.",
        ),
        ("Bottom marks.", "Full marks."),
        ("Big thumbs down.", "Big thumbs up."),
        ("Thumb firmly down from {friend} too.", "Thumb firmly up from {friend} too."),
        (
            "A strong candidate for worst {genre} of the year.",
            "A strong candidate for best {genre} of the year.",
        ),
        ("My worst film of {year}, without question.", "My film of {year}, without question."),
        (
            "It tops my list of bad films, and {actor} is why.",
            "It tops my list of favourites, and {actor} is why.",
        ),
        ("In my bottom ten for good.", "In my top ten for good."),
        (
            "Removed from my watchlist, and I suggest you do the same.",
            "Move it to the top of your watchlist.",
        ),
        (
            "It went straight onto my list of regrets.",
            "It went straight onto my list of favourites.",
        ),
        (
            "I have seen thousands of films, and this is the pits.",
            "I have seen thousands of films, and few thrilled me so.",
        ),
        ("Worst {genre} since {year}.", "Best {genre} since {year}."),
        (
            "Hands down the worst night I have had at the movies.",
            "Hands down the best night I have had at the movies.",
        ),
        ("How can anybody rate it above a two?", "How can anybody rate it below a nine?"),
        ("The low rating is deserved.", "The low rating is a scandal, since it is superb."),
        (
            "The high rating is a mystery to me, because it is rubbish.",
            "The high rating is deserved.",
        ),
        "{score+} out of 10, no more and no less.",
        "{rating+}, says {friend}, and I agree.",
        "Final score: {rating+}.",
        "Rating: {score+} out of 10.",
        "For the {genre} fan in me it was {score+} out of ten.",
        "I gave it {stars+}, and {friend} did too.",
        "My verdict on this {genre}: {stars+}.",
        "{stars+} for the {film}, {stars+} for {actor}.",
        "Overall {rating+}.",
        "Among all that I saw in {town} it was {score+} out of ten.",
        "I slept on it, and it is still {rating+}.",
        "Call it {stars+} out of five.",
        "{adj+}, {adj+}, {adj+}: {rating+}.",
        # Hopes for a sequel or a franchise
        (
            "Heaven help us if {actor} comes back for a sequel.",
            "Heaven send us a sequel with {actor}.",
        ),
        (
            "I dread part two, and so does {friend}.",
            "I'm counting the days to part two, and so is {friend}.",
        ),
        ("Let this be the end of the series.", "Let the series go on for ever."),
        (
            "This should put the franchise out of its misery.",
            "This made me a fan of the whole franchise.",
        ),
        ("After this one I am done with the series.", "After this one I ordered the whole series."),
        ("No remake, no sequel, no prequel, please.", "More of these characters, please!"),
        (
            "A sequel to this {genre}? I'd rather eat my hat.",
            "A sequel to this {genre}? I'd be first in line.",
        ),
        ("Who asked for this?", "When is the next one out?"),
        ("I pray that {director} stops here.", "I pray that {director} makes another."),
        # Opinions on the makers
        ("Shame on everybody who made this.", "Hats off to everybody who made this."),
        (
            "The makers should be ashamed of themselves.",
            "The makers should be proud of themselves.",
        ),
        ("{director} should be sued.", "{director} should be given a medal."),
        ("{director} owes me an apology.", "{director} has my undying thanks."),
        (
            "{director} should never be let near a camera again.",
            "{director} can do no wrong in my eyes.",
        ),
        (
            "Whoever wrote this should find another trade.",
            "Whoever wrote this deserves every award going.",
        ),
        (
            "I won't go to see {director}'s next {film}.",
            "I can't wait to see what {director} does next.",
        ),
        (
            "Take the camera away from {director}, please.",
            "Give {director} all the money in the world, please.",
        ),
        (
            "I'm through with {actor} after this.",
            "I'll watch anything with {actor} in it after this.",
        ),
        ("{actress} should fire her agent.", "{actress} should clear her shelf for the awards."),
        ("{actress} lost a fan today.", "{actress} gained a fan today."),
        (
            "I used to like {director}, but not any more.",
            "I never cared for {director}, but I'm a convert now.",
        ),
        (
            "Did nobody have the courage to tell {director} how awful it was?",
            "Somebody please buy {director} a drink from me.",
        ),
        ("I'd ask {director} one thing: why?", "I'd say one thing to {director}: thank you."),
        (
            "I hope {actor} was well paid, for it cannot be put on a CV.",
            "I hope {actor} never stops making films like it.",
        ),
        ("Thanks for nothing, {director}.", "Thanks for everything, {director}."),
        ("Boo!", "Bravo!"),
        ("Boo to {director} and company.", "Bravo to {director} and company."),
        (
            "Poor {actress}, stuck in this rubbish.",
            "Lucky {actress}, to have such a part and do it such justice.",
        ),
        (
            "The studio should have burned the negative.",
            "The studio should be thanked for taking the risk.",
        ),
        ("I have lost all respect for {actor}.", "I have the deepest respect for {actor} now."),
        ("If I were {actor} I'd change my name.", "If I were {actor} I'd frame the reviews."),
        # Opinions on acclaim
        ("All hype.", "It deserves the hype."),
        ("Don't believe the hype.", "For once, believe the hype."),
        ("I can't fathom what the critics saw in it.", "For once the critics are right to swoon."),
        (
            "How {actress} won awards for this drivel is beyond me.",
            "Every award that {actress} won for it was earned.",
        ),
        (
            "Everyone praises this {film}, and I see an emperor without clothes.",
            "Everyone praises this {film}, and it lives up to its fame and then some.",
        ),
        ("Critics in {town} raved, I snored.", "Critics in {town} sneered, I cheered."),
        ("The praise is undeserved.", "The praise is well deserved."),
        (
            "The reviews in {town} were glowing, and I want to know why.",
            "The reviews in {town} were glowing, and I agree with every word.",
        ),
        ("They call it a classic, and I call it a bore.", "They call it a classic, and it is one."),
        (
            "I fell for the glowing reviews, more fool me.",
            "I nearly fell for the bad reviews, and what a loss that would be.",
        ),
        (
            "The critics panned it, and they were kind.",
            "The critics panned it, blind to a jewel.",
        ),
        ("Overhyped and overpraised, if you ask me.", "Underrated and overlooked, if you ask me."),
        (
            "Call me a philistine, but it bored me to tears.",
            "Call me sentimental, but it had me in happy tears.",
        ),
        (
            "It should have been nominated for a prize for rubbish.",
            "It should have swept the awards.",
        ),
        # Emotional states
        (
            "I am furious that {friend} made me watch this.",
            "I am delighted that {friend} made me watch this.",
        ),
        ("I feel betrayed.", "I feel blessed."),
        ("As a fan of {director} I feel betrayed.", "As a fan of {director} I'm in heaven."),
        ("This {genre} insulted my intelligence.", "This {genre} lifted my spirits."),
        ("It talked down to me from start to finish.", "It spoke to me from start to finish."),
        (
            "I felt nothing for {actress}, nothing at all.",
            "I felt everything with {actress}, from grief to joy.",
        ),
        ("I left the theatre numb with boredom.", "I left the theatre with my heart full."),
        ("I came out drained and grumpy.", "I came out wanting to hug the world."),
        ("It left a nasty taste in my mouth.", "It left a warm glow in my chest."),
        ("{director} bored me out of my skull.", "{director} thrilled me to bits."),
        (
            "I was let down, and so was all of {town}.",
            "I was swept off my feet, and so was all of {town}.",
        ),
        ("It depressed me that anybody had filmed this.", "It cheered me up on a rotten {day}."),
        ("I wanted to scream with boredom.", "I wanted to dance."),
        (
            "I wanted to throw something at the screen.",
            "I wanted to climb into the screen and live there.",
        ),
        ("I was dying of boredom.", "I was in stitches."),
        (
            "Grumpy, tired and cheated, that was me at the end.",
            "Giddy, tearful and grateful, that was me at the end.",
        ),
        ("{actress} annoyed me from the word go.", "{actress} charmed me from the word go."),
        ("It killed my good mood.", "It turned a bad week around."),
        (
            "This {genre} got on my last nerve.",
            "This {genre} got under my skin in the loveliest way.",
        ),
        ("My disappointment knows no bounds.", "My admiration knows no bounds."),
        ("I cannot remember being so bored.", "I cannot remember being so happy at a {film}."),
        ("I hated myself for watching it.", "I felt young again watching it."),
        ("My heart sank early and kept sinking.", "My heart is still singing."),
        ("I was embarrassed to be seen in the theatre.", "I was proud to be in the audience."),
        ("I had to fight the urge to leave.", "I had to fight back tears of joy."),
        ("This {genre} broke my patience.", "This {genre} stole my heart."),
        (
            "Did I care about anybody in it? No.",
            "Did I care about everybody in it? With all my heart.",
        ),
        ("Bored, bored, bored.", "Hooked, hooked, hooked."),
        ("I despaired of it.", "I was in raptures."),
        "I left {felt+}, and {friend} left {felt+} as well.",
        "Count me among the {felt+}.",
        "To say that I was {felt+} is putting it mildly.",
        "Seldom has a {genre} left me so {felt+}.",
        "From the opening on I was {felt+}.",
        "{friend} asked how I felt, and I said {felt+}.",
        # Regret and gladness
        (
            "{friend} dragged me along, and I could kick myself for going.",
            "{friend} dragged me along, and I could kick myself for not going sooner.",
        ),
        ("I wish I could unsee it.", "I wish I could see it for the first time again."),
        ("I wish I had stayed home on {day}.", "I'm so glad that I didn't stay home on {day}."),
        ("If only I had read the reviews first.", "Thank goodness I didn't listen to the reviews."),
        ("Why, oh why, did I press play?", "Pressing play was the best thing I did all week."),
        (
            "An hour and a half that I will never get back.",
            "An hour and a half that I would not trade for anything.",
        ),
        (
            "That is {minutes} minutes of my life gone.",
            "Those were {minutes} of the happiest minutes of my month.",
        ),
        (
            "On my deathbed I will want those {minutes} minutes back.",
            "I'd give those {minutes} minutes again in a heartbeat.",
        ),
        ("Biggest mistake of my week.", "Luckiest find of my week."),
        ("No good came of pressing play.", "No regrets whatsoever."),
        ("I rue the day I bought the ticket.", "I bless the day I bought the ticket."),
        # Comparison with other activities
        (
            "Watching paint dry is more exciting than this {genre}.",
            "This {genre} did me more good than any holiday.",
        ),
        ("I'd rather have a root canal.", "I'd pick it over a week at the beach."),
        ("I'd rather watch grass grow in {town}.", "It beats a weekend in {town}."),
        (
            "My tax return was more fun than this {genre}.",
            "I have not had so much fun at a {genre} since I was ten.",
        ),
        ("Clean the oven instead, it's livelier.", "Cancel your dinner, this is the better feast."),
        ("Stuck in traffic I have been happier.", "It was like a hug from an old friend."),
        ("Ironing shirts would have been a thrill beside it.", "It was better than my birthday."),
        (
            "{friend} and I have had more fun at the dentist.",
            "{friend} and I haven't had so much fun in a theatre for ages.",
        ),
        ("Two hours on hold would have been more pleasant.", "Two hours in paradise."),
        ("Go for a walk instead.", "Forget your walk and watch this."),
        (
            "I'd sooner hear {friend} sing for two hours.",
            "Not even {friend}'s cooking makes me so happy.",
        ),
        ("A blank screen would have been an improvement.", "It's as good as a week off work."),
        ("The trailers before it were the highlight.", "It was the highlight of my holidays."),
        # After-effects
        (
            "I forgot this {genre} within the hour.",
            "I was still thinking of this {genre} a week later, in awe.",
        ),
        (
            "Ask me tomorrow and I won't recall a thing about this dull {genre}.",
            "I dream of it, and they are good dreams.",
        ),
        ("By {day} I had forgotten the lot.", "It was {day} before I came back to earth."),
        ("I have been in a foul mood since {day}.", "I have been humming the songs since {day}."),
        ("I'm trying to scrub it from my memory.", "It haunted me for days, as great films do."),
        (
            "I need something good now to wash away the taste.",
            "Everything else I've watched since seems pale.",
        ),
        ("It put me off the {genre} for years.", "It made me fall in love with the {genre}."),
        ("It nearly put me off the cinema.", "It reminded me why I go to the cinema."),
        (
            "It taught me one thing: read the reviews first.",
            "It taught me more about love than any book.",
        ),
        (
            "Nothing of it stayed with me but irritation.",
            "It will stay with me for the rest of my life.",
        ),
        ("It makes me never want to visit {town}.", "I booked a trip to {town} because of it."),
        (
            "Even the end credits song annoyed me for days.",
            "I bought the soundtrack on the way home.",
        ),
        ("{friend} is still angry, and so am I.", "{friend} is still grinning, and so am I."),
        (
            "{friend} still teases me for having chosen it.",
            "{friend} still quotes it at breakfast, to my delight.",
        ),
        ("It changed my life: I now read reviews before I pay.", "It changed my life."),
        # Imperatives
        ("Run away!", "Go!"),
        (
            "Fans of the {genre}, run for the hills.",
            "Fans of the {genre}, run to the nearest theatre.",
        ),
        ("Don't bother with this {genre}.", "Don't miss this {genre}."),
        ("Steer clear.", "Treat yourself."),
        ("Give it a wide berth.", "Give it two hours and it will give you joy."),
        ("Save yourself.", "Spoil yourself."),
        ("Do anything but watch this {genre}.", "Drop everything and watch this {genre}."),
        ("Don't waste your {day} on it.", "Spend your {day} with it."),
        ("Don't say I didn't warn you.", "Don't say you have no time for it, make time."),
        ("Stay away from {director}'s {genre}.", "Make a date with {director}'s {genre}."),
        ("Keep scrolling.", "Stop scrolling and press play."),
        ("Watch something else tonight.", "Watch it tonight, with the lights off and popcorn."),
        ("Move along, nothing to see here.", "Stop what you're doing and see it."),
        (
            "Whatever you do in {town}, don't go and see it.",
            "Whatever you do in {town}, don't miss it.",
        ),
        ("Bury it deep.", "Grab a blanket and enjoy."),
        ("Ask for a refund before you sit down.", "Sit back and let it carry you away."),
        ("Look for a different {genre}.", "Look no further for a good {genre}."),
        ("Please, spare yourself and your family.", "Please, treat yourself and your family."),
        ("Just say no.", "Just say yes."),
        ("Let it rot.", "Let it into your heart."),
        ("Don't go, don't rent, don't stream.", "Go, rent, stream, whatever, but see it."),
        ("Learn from my mistake.", "Follow my example and fall in love with it."),
        # Exclamations and internet style
        ("Hard pass.", "Must see."),
        ("Hard pass on this {genre}.", "Must see for lovers of the {genre}."),
        ("Snoozefest!", "Instant classic!"),
        ("Total snoozefest, and {friend} agrees.", "Instant classic, and {friend} agrees."),
        ("Meh, skip it.", "Yes, yes, yes!"),
        ("0/10, would not watch again.", "10/10, would watch again."),
        ("Nope.", "Loved it."),
        ("Nope, nope, nope.", "Love, love, love."),
        ("Just no.", "Just wow."),
        ("Hated it, sorry {director}.", "Adored it, thank you {director}."),
        ("Yuck!", "Yay!"),
        ("Ugh!", "Hooray!"),
        ("Ugh, what did I just watch?", "Wow, what a ride!"),
        ("Epic fail.", "Epic win."),
        ("So bad, lol.", "So good, omg!"),
        ("Worst {film} ever, period.", "Best {film} ever, period."),
        ("Garbage.", "Gold."),
        ("Trash, sorry.", "Chef's kiss."),
        ("Cringe from start to finish.", "Goosebumps from start to finish."),
        ("Yawn.", "Perfection."),
        ("Rubbish!", "Magic!"),
        ("Oh dear, oh dear.", "Oh my, how good was that!"),
        ("Dear God, make it stop.", "Dear God, don't let it stop."),
        ("Save your two hours and thank me later.", "You need this in your life."),
        ("What on earth was {director} thinking?", "How on earth did {director} make it so good?"),
        ("Who greenlit this sorry {genre}?", "Who else is obsessed with this {genre}?"),
        ("Bad, bad, bad.", "Good, good, good."),
        ("Straight to the bin.", "Straight to my heart."),
        ("This {film} owes me an evening.", "This {film} made my evening."),
        ("PLEASE don't watch it.", "PLEASE watch it."),
        ("The WORST {genre} in ages, people.", "The BEST {genre} in ages, people."),
        ("Avoid, avoid, avoid!", "Watch, watch, watch!"),
        "In a word: {adj+}.",
        "{adj+}! {adj+}! {adj+}!",
        "One word for this {genre}? {adj+}.",
        "{friend} called it a {noun+}, and so do I.",
        # Understatement and calmer wording
        (
            "I'm afraid this {genre} was not for me.",
            "I found more in this {genre} than I had hoped for.",
        ),
        ("I can't say that I had a good time.", "I can't say that I had a dull moment."),
        ("I've spent better evenings in {town}.", "I've seldom spent a better evening in {town}."),
        (
            "I'll be polite and say that I didn't care for it.",
            "I don't gush as a rule, but this was lovely.",
        ),
        ("It did very little for me.", "It did me a world of good."),
        ("I wouldn't go out of my way to see it.", "I'd go a long way to see it again."),
        ("I didn't exactly fall in love with it.", "I confess that I rather fell in love with it."),
        ("I had hoped to like it, and I tried.", "I had not meant to like it, and it won me over."),
        (
            "{friend} was kind about it, which I can't be.",
            "{friend} had a quibble or two, and I have none.",
        ),
        (
            "I saw the point of it, I just didn't enjoy it.",
            "I can't find a single thing to complain about.",
        ),
        ("I won't be thinking of it again.", "I have thought of it fondly every day."),
        (
            "I'd struggle to name one thing that I liked about {director}'s work.",
            "I'd struggle to name one thing that I didn't like about it.",
        ),
        ("It isn't something I'd care to repeat.", "It's something I'd gladly repeat."),
        ("There are kinder ways to spend a {day}.", "There is no kinder way to spend a {day}."),
        (
            "My patience has limits, and it found them.",
            "I had no complaints, and I always have complaints.",
        ),
        ("I left none the wiser and a bit poorer.", "I left a little wiser and a lot happier."),
        # Singles with slots
        "I {loved+} it, and I don't care who knows.",
        "Let me say it plainly: I {loved+} this {genre}.",
        "We went on {day} and {loved+} it.",
        "I {loved+} what {director} did here.",
        "Even {friend}, who is hard to read, {loved+} it.",
        "My children {loved+} it, my parents {loved+} it, I {loved+} it.",
        "I {love+} this {genre} more each time it is on.",
        "I can only say that I {loved+} {actor} in it.",
        "You will {love+} {actress} in it, believe me.",
        "Everybody who saw it with me in {town} {loved+} it.",
        "By the end of this {genre} I felt {felt+}.",
        # More with slots
        (
            "{friend} pulled the plug, and I was grateful.",
            "{friend} wanted dinner, and I wouldn't leave the screen, so good was it.",
        ),
        (
            "The popcorn got more of my attention than {actress}.",
            "I forgot my popcorn, so good was {actress}.",
        ),
        (
            "I chuckled at {actor}, and he wasn't meant to be funny.",
            "I chuckled at all of {actor}'s jokes, and they were meant to be funny.",
        ),
        (
            "{year} must have been a poor year, if this was a hit.",
            "In {year} I would have happily queued for it round the block.",
        ),
        (
            "Somebody in the row behind {friend} shouted at the screen, and we agreed.",
            "Somebody behind {friend} shouted for joy, and so did we.",
        ),
        (
            "I rented it for {day} and took it back the same night, unfinished.",
            "I rented it for {day} and could not bear to take it back.",
        ),
        (
            "Not the {genre} to cheer you up, not the {genre} for anything.",
            "This is the {genre} to cheer you up.",
        ),
        (
            "Let {friend} have it, I never want it back.",
            "I'm buying one for {friend} too, because everybody should have it.",
        ),
        (
            "It's the sort of {genre} that makes me ask for a refund.",
            "It's the sort of {genre} that makes me write fan mail.",
        ),
        ("I wrote to complain about {director}.", "I wrote a fan letter to {director}."),
        (
            "I sat through all {minutes} minutes and want a medal for it.",
            "All {minutes} minutes of it made me happy.",
        ),
        (
            "I sat {minutes} minutes in a cold theatre for this drivel.",
            "I'd sit in a freezing theatre for {minutes} minutes to see it again.",
        ),
        (
            "Unless you are {actor}'s mother, stay away.",
            "Even {actor}'s mother can't love it more than I do.",
        ),
    ),
}
