"""The process, the disk and the network: atomic writes, locks, memory, signals, the Hub."""
