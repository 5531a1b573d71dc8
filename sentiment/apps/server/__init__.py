"""An HTTP server of predictions and explanations."""
