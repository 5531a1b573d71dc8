"""A web page to try a classifier: type a review or upload a file."""
