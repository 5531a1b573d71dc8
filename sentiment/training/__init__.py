"""Training, pretraining and tuning."""
