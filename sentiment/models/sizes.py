"""Sizes of the network, without PyTorch: the shape of each weight, and the largest model."""

from sentiment.config import ModelConfig
from sentiment.errors import ConfigError

MAX_PARAMETERS = 2**26  # Of an encoder: 256 MiB, ten times the shipped one.
ATTENTION_SIZE, ATTENTION_HEADS = 256, 4


def directions(config: ModelConfig) -> list[str]:
    """Return the directions in which the LSTM reads a review."""
    return ["forward", "backward"] if config.bidirectional else ["forward"]


def pooled_parts(pooling: str) -> list[str]:
    """Return the names of the vectors that `pooling` concatenates, in order; one per head."""
    heads = [f"attention {number + 1}" for number in range(ATTENTION_HEADS)]
    return [
        name for kind in pooling.split("+") for name in (heads if kind == "attention" else [kind])
    ]


def check_num_parameters(config: ModelConfig, vocab_size: int) -> None:
    """Raise `ConfigError` if an encoder would have too many parameters, before allocating them."""
    width, hidden_size = config.embedding_dim, config.hidden_size
    layers = (width + hidden_size + 2) + (config.num_layers - 1) * (2 * hidden_size + 2)
    stacks = len(directions(config)) * 4 * hidden_size * layers
    if (parameters := vocab_size * width + stacks) > MAX_PARAMETERS:
        raise ConfigError(
            f"embedding_dim {width}, hidden_size {hidden_size} and num_layers {config.num_layers} "
            f"make {parameters:,} parameters with {vocab_size:,} words; the limit is "
            f"{MAX_PARAMETERS:,}. Choose smaller sizes, or a lower max_vocab."
        )


def weight_shapes(
    config: ModelConfig, vocab_size: int, num_labels: int
) -> dict[str, tuple[int, ...]]:
    """Return the shape of each weight of an `LSTMClassifier` by its name.

    Raises:
        ConfigError: the encoder would have more than `MAX_PARAMETERS`.
    """
    check_num_parameters(config, vocab_size)
    gates = 4 * config.hidden_size
    state_size = len(directions(config)) * config.hidden_size
    shapes: dict[str, tuple[int, ...]] = {
        "encoder.embedding.weight": (vocab_size, config.embedding_dim)
    }
    for direction in directions(config):
        for layer in range(config.num_layers):
            width = config.hidden_size if layer else config.embedding_dim
            for name, shape in (
                ("weight_ih", (gates, width)),
                ("weight_hh", (gates, config.hidden_size)),
                ("bias_ih", (gates,)),
                ("bias_hh", (gates,)),
            ):
                shapes[f"encoder.{direction}_lstm.{name}_l{layer}"] = shape
    if "attention" in config.pooling.split("+"):
        shapes["attention.key.weight"] = (ATTENTION_SIZE, state_size)
        shapes["attention.key.bias"] = (ATTENTION_SIZE,)
        shapes["attention.query.weight"] = (ATTENTION_HEADS, ATTENTION_SIZE)
    shapes["linear.weight"] = (num_labels, len(pooled_parts(config.pooling)) * state_size)
    shapes["linear.bias"] = (num_labels,)
    return shapes
