"""Built-in corpora made from templates and word lists."""
