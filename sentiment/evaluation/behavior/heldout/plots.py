"""What happens in the films of the held-out part: some 400 words each, with no opinion."""

PLOTS: tuple[str, ...] = (
    """
    In the summer of {year} a {job} takes over a small bookshop in {place}. {actor} plays the
    {job}, and we see the shop for the first time from the other side of the street. It has two
    windows, a green door and a bell. The former owner has left a ledger in which every sale since
    the opening is written down. The {job} reads it in the evenings and finds that one customer
    bought the same atlas four times. The customer lives around the corner, in a house with a blue
    gate. The {job} rings, and a man of about sixty asks who is there. He says that he gives the
    atlas to each of his grandchildren when they turn ten. The fifth grandchild will turn ten in
    {month}, and he needs another copy. The atlas is out of print, so that the {job} has to write
    to other shops. The letters go out on a Friday. The first answer comes from a shop in the
    north, where the last copy was sold in spring. The second comes from a library that is about
    to move and has more books than shelves. The {job} closes the shop for a day and takes the bus
    to the library. The bus passes a quarry, a sugar factory and a long row of poplars. The
    librarian leads the way to a room in the basement, where the books stand in boxes. They open
    one box after another and put the books on a table, the tall ones to the left and the short
    ones to the right. At four they stop for tea. The librarian once worked on a ship and knows
    most of the ports in the atlas. At five they come upon a copy that lacks the page with the
    islands. The librarian has an idea and fetches a calendar from the office upstairs. The picture
    for June is a map of the same islands in the same colors. They cut it out and put it between
    the pages. The {job} signs a form, pays at the counter and carries the atlas to the bus in a
    paper bag. On the way back it is dark, and the driver lets the passengers out at their own
    doors. In {month} the man with the blue gate comes for the atlas. He turns the pages until he
    reaches the islands, and he looks at them for some time. Then he asks the {job} to wrap it in
    brown paper. The sale is written in the ledger, under the four others. At the end of the day
    the bell rings once more, and a girl asks whether there is a book about ships. The {job} goes
    to the shelf at the back and reaches for the ladder.
    """,
    """
    {actor} plays a {job} who spends one winter at a weather station above {place}. Three people
    work there, and they take turns at the instruments. At six, at noon and at six again somebody
    walks to a white box and reads the thermometers. The numbers are sent to the valley by radio.
    The film was shot in the {month} of {year}, and one sees the breath of the actors. The oldest of
    the three has kept a diary of the clouds for nineteen years. The youngest has come from the
    university for six months and sleeps in the room above the kitchen. The {job} repairs the roof,
    the stove and the cable car in which the flour and the mail come up. One morning a package lies
    in the cable car that nobody has ordered. There is a barometer inside, made of brass, and a note
    with the name of a village. The village lies on the far side of the ridge. They hang the
    barometer beside their own and compare the two. The new one always shows a little less. The
    oldest of the three thinks that it was set for a place higher up. In the diary there is a page
    about another station, which stood on the ridge until it was given up. When the snow is hard
    enough, the {job} and the student set out on skis. They carry rope, bread and a lamp. It takes
    them four hours to the ridge, and the wind comes from the west. Where the station was they find
    a wall, a chimney and a post with a nail in it. The student holds the barometer against the
    post, and a pale mark in the wood has the same shape. They measure the height and write it
    down. From the ridge the village can be seen, and smoke rises from three of its roofs. They go
    down and knock at the first house. A blacksmith lives there with his mother, who is ninety. She
    was the cook of the station on the ridge, and she has kept the barometer under her bed. She
    wanted it to be among people who read it. They sit at her stove and eat soup, and she asks them
    for the number of that morning. The student tells her. She nods and says what the weather will
    be on Thursday. On the way back they stay overnight in a hut. On Thursday it snows as she said.
    In the spring the student packs a trunk and leaves with the mail. The oldest begins a new
    volume of the diary. The {job} walks to the white box, reads the thermometers and then goes in
    to look at the two barometers.
    """,
    """
    A choir from {place} travels to a contest by ship, and {actor} plays the {job} who sings in the
    second row. There are twenty-two singers, a pianist and a conductor with a cane. The ship
    leaves in {month} of {year} and will be at sea for five days. On the first day everyone looks
    for a cabin. The altos get the upper deck, the basses the lower one. They rehearse in the dining
    room between lunch and tea, when the tables have been cleared. A steward listens at the door and
    hums along. On the second day the pianist finds that the piano is locked. The key is with the
    purser, who is with the captain, who is on the bridge. The conductor sends the {job} to ask for
    it. The way leads through the engine room, past a row of boilers and up a narrow ladder. On the
    bridge the captain shows the {job} how the course is drawn on the chart. He has the key in a
    drawer, together with a harmonica and a pair of gloves. The {job} brings it down in time for the
    rehearsal. On the third day the sheet music for the last song is missing. They look under the
    chairs and behind the curtains. The steward says that a boy from the third class has been
    folding boats out of paper. They meet the boy at the rail, and he has eleven boats in his cap.
    He hands them over, and the altos unfold them and smooth them with a spoon. One page is gone,
    since it was the first to sail. The conductor hums what was on it, and the pianist writes it
    down. On the fourth day the sea is calm, and they sing on deck. Some passengers bring chairs,
    others stand. The boy counts the songs on his fingers. The captain comes out with the harmonica
    and plays with them in the last one. On the fifth day they see a lighthouse, then a row of
    cranes, then the roofs. A bus with the name of the contest takes them to a hall. Eight choirs
    sit in the hall, each with scarves of another color. They draw numbers from a hat, and the {job}
    draws the six. While the others sing, they wait in a corridor with pictures of composers. Then
    a door is opened, and they go up four steps. The conductor lifts the cane. The film ends before
    the first note, with a view of the harbor, where the steward is carrying the chairs back from
    the deck to the dining room and the boy waves from the rail.
    """,
    """
    The setting is a market hall in {place}, and the time is {year}. {actor} plays a {job} who is
    asked to draw a plan of the hall, with each of its stalls. There are a hundred and forty of
    them, in seven rows. The {job} comes at five, when the carts are unloaded, and begins in the
    corner where the fish is sold. Each seller is asked for a name, for the width of the stall and
    for the day on which it was set up. The woman with the herrings says that her grandmother had
    the same place. The man beside her has been there since {month}. The {job} writes on cards of
    two colors, white for the old stalls and yellow for the new. At seven the first customers come
    in with nets and baskets. At noon the clock above the gate strikes, and everyone puts down what
    they have in their hands for a minute. Nobody can tell the {job} where this custom comes from.
    The keeper of the gate thinks that it began with a flood. The woman who sells buttons thinks
    that it began with a wedding. In the second week the {job} reaches the fourth row, where spices
    are sold, and there the numbers do not add up. There are twenty stalls on the list of the city
    and twenty-one in the hall. The {job} measures the row again with a tape. A boy holds the other
    end and is paid with a pear. The stall that is on no list belongs to a couple who sell clocks.
    They set it up at noon each day and take it down at one. They have a letter from a mayor, which
    allows them to stand there for as long as the clock above the gate is kept by them. The letter
    is folded in eight. The {job} takes it to the archive, and an archivist with two pairs of
    glasses compares the signature. It takes her three days. She finds a record of the year in
    which the clock stopped, and of the clockmaker who was called at noon. While he climbed up, the
    people below stood still and looked at him. The {job} copies the record and pins it beside the
    plan. There is a white card for the stall with the clocks, though it has the width of a table.
    In the last week the plan is drawn in ink, on a sheet of two yards. It is hung up at the gate,
    and the sellers look for their own names. At noon the clock strikes. The {job}, who is about to
    leave with the rolled paper under one arm, stands still with the others.
    """,
)
