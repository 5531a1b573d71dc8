"""Applications: the HTML report and the demo page."""
