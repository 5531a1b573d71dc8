"""Built-in datasets that are generated from templates and word lists."""
