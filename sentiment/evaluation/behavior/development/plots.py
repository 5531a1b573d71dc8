"""What happens in the films of the development part: some 400 words each, with no opinion."""

PLOTS: tuple[str, ...] = (
    """
    {actor} plays a {job} who lives with two brothers in a house near the harbor of {place}. Each
    morning the older brother walks to the market with a basket and comes back at noon. The younger
    brother works in the office of a shipping company, where letters arrive from many countries.
    One {day} a letter comes that is addressed to a man who moved away in {year}. The younger
    brother puts it in a drawer. A week later a second letter arrives, with the same stamp and the
    same handwriting. He shows both of them to the {job}, and the three decide to find out where
    the man lives now. They take the train along the coast, and we follow them from station to
    station. At the first stop they ask in the post office, where a clerk looks through a large
    book of addresses. The clerk finds a name and writes it on a piece of paper. At the second stop
    they knock at the door of a widow who once rented a room to the man. She tells them that he
    left for the mountains with two suitcases and a map. They spend the night in a small hotel
    above a bakery. In the morning they hire a car, and the older brother drives. The road goes up
    through a forest and past a lake. Near the lake they meet a shepherd, who remembers a man with
    a map and points to a valley on the other side. In the valley there is a village with eleven
    houses and a school. The teacher of the school has a list of everybody who has lived there
    since the bridge was built. The name is on the list, and beside it is the number of a house.
    The house stands at the end of a lane, between two apple trees. A woman opens the door and says
    that her uncle is in the garden. He is an old man now, and he is cutting grass with a scythe.
    The {job} hands him the letters, and he sits down on a bench to read them. The first one is
    from a cousin in another country, and the second one is from the same cousin. They are about a
    clock that belonged to his mother. The cousin wants to know whether he would like to have it.
    He writes an answer at the kitchen table, and the younger brother takes it along. On the way
    back they stop at the lake again and eat bread and cheese. A month later a parcel arrives at
    the office by the harbor, and the three set out once more.
    """,
    """
    The story takes place in {place} in {year}, in a street with a barber, a grocer and a shop that
    repairs radios. {actor} is the {job} who rents the flat above the radio shop. On the first
    floor lives a family with four children, and on the top floor lives a student of geology. The
    owner of the shop comes in at eight, opens the shutters and switches on the lamp over his
    bench. Customers bring radios in bags and boxes, and he writes a number on each of them. One
    {day} the {job} brings a radio that was found in the cellar. The owner takes off the back and
    sees that a roll of film lies between the valves. They carry it to a photographer two streets
    away, who says that it will take a few days. Meanwhile the children of the first floor have
    found a key in the same cellar. It fits none of the doors in the house. The student looks at
    the key and thinks that it belongs to a locker at the railway station. On Saturday morning all
    of them go to the station, where there are two hundred lockers along a wall. They try the key
    in one row after another. In the meantime the photographer hangs the pictures up to dry. There
    are twelve of them, and they show a garden, a fountain and a man with a hat. On the last
    picture the man stands in front of a wall with numbers on it. The photographer takes his
    bicycle and rides to the station with the picture in his pocket. He arrives when they are at
    the end of the third row. The number behind the man is the number of a locker, and the key
    turns in it. Inside they find a notebook with drawings of plants and a list of Latin names. The
    student reads the names aloud and says that most of the plants grow by the river. The next day
    they walk along the river with the notebook and look for the plants. The youngest child finds
    the first one beside a gate. Behind the gate there is a garden with a fountain in the middle.
    A gardener is raking leaves, and he asks them what they are looking for. When he sees the
    notebook, he puts down the rake and calls his sister. She is the daughter of the man with the
    hat, and she has a box of such notebooks in the attic. They spend the afternoon at a table
    under a tree and put the notebooks in order. In the evening the {job} walks home along the
    river, and the radio plays in the window of the shop.
    """,
    """
    A bus leaves {place} at six in the morning with nine passengers, and {actor} sits in the last
    row. The driver has taken this road each {day} since {year}. Beside him stands a basket with
    sandwiches for the whole day. The first passenger to get off is a {job} who has a meeting in
    the next town. At the same stop a woman with a cello gets on and buys a ticket to the border.
    The cello needs a seat of its own, so that a boy has to move to the back. The boy has a book
    about planets and reads a page of it to his neighbor. Around nine the bus stops at a gas
    station, and everybody buys coffee. A man with a gray coat makes a telephone call from a booth
    and then sits down again. The road goes through fields of corn and crosses a railway line. At
    the crossing they wait for a train with forty cars. The woman tells the boy how a cello is
    made and which kinds of wood are used for it. In the next town there is a market, and the
    driver has to take another street. He asks a policeman for the way, who draws a plan on the
    back of a ticket. At noon they stop beside a church, and the driver hands out the sandwiches.
    The man with the gray coat walks around the church and counts the windows. He writes the number
    in a small book. Then the {job} from the first stop appears in a taxi and gets on again, since
    the meeting was moved to another town. In the afternoon it begins to rain, and the driver
    switches on the lights. The boy falls asleep with the book on his knees. Two students get on
    with a tent and a pot, and they ask whether the bus goes as far as the lake. The driver says
    that it does, but that it takes another three hours. The woman takes out her bow and puts a new
    string of hair into it. Near the lake the road is under repair, so that the bus has to wait for
    half an hour. Everybody gets off and looks at the water. The man with the gray coat tells the
    students that he is writing a book about churches with an even number of windows. The one at
    noon had fourteen. Then a worker waves a flag, and the bus drives on. It reaches the border at
    eight in the evening. An officer walks through the bus, looks at the passports and asks what is
    in the large case. The woman opens it, and the officer nods and closes the door behind him.
    """,
    """
    The film follows a {job} through one year in {place}, from one January to the next. {actor}
    plays the {job}, who shares an office with three other people. In January a pipe in the
    building is replaced, and the four of them work in the library across the street. The
    librarian gives them a table by the window and a key for the side door. In February one of the
    four travels to a conference and comes back with a box of photographs from {year}. They show
    the street as it was when there was a canal in the middle of it. In March the city announces
    that the canal will be opened again. A map is hung up in the library, and people come in to
    look at it. In April the first trucks arrive, and the street is closed on one side. The office
    moves its desks to the other side of the room. In May a digger finds part of a wall with
    letters on it. A professor comes to read the letters and makes a copy of them on paper. In
    June the wall is taken to a museum, and the work goes on. The {job} has lunch with the
    professor, who explains that the wall belonged to a mill. In July most people are away, and
    the street is quiet. The librarian waters the plants of the office. In August a boat builder
    rents the shop on the corner and paints the door green. He has three boats on order and one
    that he wants to keep for himself. In September the first water is let into the canal, and it
    rises by a hand each day. Children come after school and measure it with a stick. In October
    the bridge at the end of the street is lifted with a crane and set down again a yard higher. In
    November the {job} is asked to write down what happened since January. The others bring their
    notes and photographs, and they sort them on the table in the library. On a {day} in December
    the first boat goes from one end of the canal to the other. The boat builder steers it, and the
    librarian sits in front with a lamp. People stand on both sides and walk along with it. At the
    bridge it turns around and goes back, since the other end is still closed. In the new year the
    office gets its own table back, and the {job} puts the notes in a folder. The folder goes on
    the shelf beside the box of photographs. The last picture shows the street from above, with the
    water in the middle.
    """,
)
