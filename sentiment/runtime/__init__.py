"""The process and the disk: atomic writes, locks, memory, signals."""
