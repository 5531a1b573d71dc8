"""The tags and the text of an HTML page."""

from html.parser import HTMLParser


class Reader(HTMLParser):
    """Collects the tags of a page with their attributes, and its text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        """Return the attributes of each such tag."""
        return [attributes for name, attributes in self.tags if name == tag]
