"""The JSON of requests and responses."""

from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
)

MAX_TEXTS = 1000  # In a request.
MAX_CHARS = 100_000  # Of a text; the longest IMDB review has 14,000.
MAX_EXPLAINED_CHARS = 5000  # About 1,000 tokens, which take up to 15 seconds on one core.
MAX_TOP_K = 100  # Limits a response to 100,000 predictions.

POSITIVE = "A joy from start to finish."
NEGATIVE = "I want my evening back."

Text = Annotated[str, StringConstraints(strict=True, max_length=MAX_CHARS)]
Texts = Annotated[list[Text], Field(min_length=1, max_length=MAX_TEXTS)]


def kind_of_texts(value: Any) -> str:
    """Return which alternative of `texts` a value is checked against, for one clear message."""
    return "list" if isinstance(value, list) else "text"


def check_number(value: Any) -> Any:
    """Return `value`; raise an error if pydantic would convert it from another type of JSON."""
    if isinstance(value, bool | str):
        raise ValueError("Input should be a valid integer")
    return value


class PredictRequest(BaseModel):
    """Texts to classify."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"texts": POSITIVE}, {"texts": [POSITIVE, NEGATIVE], "top_k": 2}]
        },
    )

    texts: Annotated[
        Annotated[Text, Tag("text")] | Annotated[Texts, Tag("list")],
        Discriminator(kind_of_texts),
        Field(description=f"One text, or a list of up to {MAX_TEXTS:,}."),
    ]
    top_k: Annotated[int, BeforeValidator(check_number)] = Field(
        1,
        ge=1,
        le=MAX_TOP_K,
        description="How many labels to return for a text, best first.",
    )


class LabelScore(BaseModel):
    """A label and its calibrated probability."""

    label: str
    score: float


class TextResult(BaseModel):
    """The result for a text."""

    predictions: list[LabelScore] = Field(description="Best first.")
    warning: str | None = Field(description="Why the prediction is unreliable, if it is.")


class PredictResponse(BaseModel):
    """The results, in the order of the texts."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"results": [{"predictions": [{"label": "pos", "score": 0.997}], "warning": None}]}
            ]
        }
    )

    results: list[TextResult]


class ExplainRequest(BaseModel):
    """A text to explain."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"text": POSITIVE, "label": "pos"}]}
    )

    text: Annotated[str, StringConstraints(strict=True, max_length=MAX_EXPLAINED_CHARS)]
    label: Annotated[str, StringConstraints(strict=True, max_length=MAX_CHARS)] | None = Field(
        None, description="The label to explain; by default the predicted one."
    )


class WordAttribution(BaseModel):
    """A word of the text and its attribution."""

    text: str
    start: int = Field(description="Index of its first character in the text.")
    end: int = Field(description="Index after its last character.")
    attribution: float = Field(description="Added to the log-odds; above 0 supports the label.")


class ExplainResponse(BaseModel):
    """The attribution of each word to a label."""

    label: str
    score: float
    words: list[WordAttribution]
    log_odds: float
    baseline: float = Field(description="The log-odds of a text of padding.")
    warning: str | None = Field(description="Why the prediction is unreliable, if it is.")


class Problem(BaseModel):
    """Why a request was refused."""

    detail: str
