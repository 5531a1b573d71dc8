"""Labels, probabilities and explanations for texts."""
