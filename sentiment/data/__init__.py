"""Reviews in: loading, columns, labels, splits."""
