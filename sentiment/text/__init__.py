"""Text to ids: tokenizer, vocabulary, batches."""
