"""Training runs that Ctrl-C stops at a given step."""

import signal

from sentiment.training.trainer import Trainer


def stop_after(steps, monkeypatch):
    """Make Ctrl-C arrive in the middle of step number `steps` of the next run."""
    real = Trainer.step

    def step(self, batch, stage):
        if self.state.step + 1 == steps:
            signal.raise_signal(signal.SIGINT)
        real(self, batch, stage)

    monkeypatch.setattr(Trainer, "step", step)
