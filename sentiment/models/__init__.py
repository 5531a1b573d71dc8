"""Models: LSTM classifier, bag-of-words baselines, word vectors."""
