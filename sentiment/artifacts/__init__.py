"""A trained model as a folder: files, checksums, Hub, model card."""
