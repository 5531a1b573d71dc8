"""The routes of the server."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPBearer
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from sentiment import __version__
from sentiment.apps.server.batching import MAX_QUEUE, Batcher, QueueFullError
from sentiment.apps.server.metrics import Metrics
from sentiment.apps.server.middleware import (
    RETRY_AFTER,
    Access,
    BodyLimit,
    RequestLog,
    problem,
)
from sentiment.apps.server.schemas import (
    ExplainRequest,
    ExplainResponse,
    LabelScore,
    PredictRequest,
    PredictResponse,
    Problem,
    TextResult,
    WordAttribution,
)
from sentiment.errors import SentimentError
from sentiment.inference.classifier import Classifier, rank
from sentiment.inference.onnx import OnnxModel
from sentiment.inference.unknown_words import unknown_words_message

PUBLIC_PATHS = ("/healthz", "/readyz", "/openapi.json")
PATHS = (*PUBLIC_PATHS, "/metrics", "/v1/predict", "/v1/explain")
MAX_EXPLANATIONS = 4  # That are computed or wait; one takes up to 15 seconds on one core.
# Texts that are computed together. Of 50 short reviews, 8 at a time take 12% less time than 64 with
# ONNX Runtime: they need less padding, and the CPUs share them.
ONNX_BATCH, TORCH_BATCH = 8, 64
MAX_ERRORS = 5  # That the response to an invalid request names.

PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"description": "The body is not JSON, or the host is not allowed."},
    401: {"description": "The bearer token is missing or wrong."},
    403: {"description": "The request comes from another web page."},
    408: {"description": "The body takes too long to arrive."},
    413: {"description": "The body is too large."},
    422: {"description": "The JSON is not as described."},
    503: {"description": "Too many requests wait. Retry-After has the seconds to wait."},
}
for description in PROBLEMS.values():
    description["model"] = Problem
NOT_INSTALLED: dict[int | str, dict[str, Any]] = {
    501: {"model": Problem, "description": "This server has no explanations."}
}


class Scores(NamedTuple):
    """The result for a text."""

    scores: list[float]  # Of each label.
    warning: str | None


def classify(classifier: Classifier, texts: Sequence[str]) -> list[Scores]:
    """Return the result for each text, in order."""
    batch_size = ONNX_BATCH if isinstance(classifier.model, OnnxModel) else TORCH_BATCH
    reviews, rows = classifier.encode_and_score(texts, batch_size)
    warnings = map(unknown_words_message, reviews)
    return [Scores(row, warning) for row, warning in zip(rows.tolist(), warnings, strict=True)]


class Explainer:
    """Explain one text at a time.

    Args:
        classifier: a classifier with a PyTorch model.
    """

    def __init__(self, classifier: Classifier) -> None:
        self.classifier = classifier
        self.thread = ThreadPoolExecutor(1, "explain")
        self.waiting = 0

    async def submit(self, text: str, label: str | None) -> ExplainResponse:
        """Return the explanation of a text.

        Raises:
            QueueFullError: `MAX_EXPLANATIONS` texts are explained or wait.
            SentimentError: the text cannot be explained, or there is no such label.
        """
        if self.waiting >= MAX_EXPLANATIONS:
            raise QueueFullError
        self.waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self.thread, self.explain, text, label)
        finally:
            self.waiting -= 1

    def explain(self, text: str, label: str | None) -> ExplainResponse:
        """Return the explanation of a text."""
        from sentiment.inference.explain import explain  # Needs PyTorch.

        found = explain(self.classifier, text, label)
        return ExplainResponse(
            label=found.label,
            score=found.score,
            words=[WordAttribution(**word._asdict()) for word in found.words],
            log_odds=found.log_odds,
            baseline=found.baseline,
            warning=unknown_words_message(self.classifier.encode([text])[0]),
        )


def create_app(
    classifier: Classifier,
    explaining: Classifier | None = None,
    *,
    token: str | None = None,
    hosts: Sequence[str] = ("*",),
    max_queue: int = MAX_QUEUE,
) -> FastAPI:
    """Return the application.

    Args:
        classifier: what predicts.
        explaining: the same classifier with a PyTorch model; None: there are no explanations.
        token: the bearer token that requests need; None: none.
        hosts: hosts that requests may name, see `trusted_hosts`.
        max_queue: texts that may wait to be classified.
    """
    metrics = Metrics()
    batcher = Batcher(lambda texts: classify(classifier, texts), metrics, max_queue)
    explainer = None if explaining is None else Explainer(explaining)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        batcher.start()
        yield
        batcher.stop()

    app = FastAPI(
        title="Sentiment classification",
        description="Labels of texts with their calibrated probabilities, and explanations.",
        version=__version__,
        docs_url=None,  # These pages load scripts from another host.
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
        exception_handlers={
            RequestValidationError: invalid_request,
            HTTPException: refused,
            QueueFullError: queue_full,
        },
        middleware=[
            Middleware(RequestLog, metrics=metrics, paths=PATHS),
            Middleware(TrustedHostMiddleware, allowed_hosts=[*hosts], www_redirect=False),
            Middleware(Access, token=token, public=PUBLIC_PATHS),
            Middleware(BodyLimit),
        ],
    )
    # Only documents the scheme: `Access` checks the token before the body is read.
    secured = [Depends(HTTPBearer(auto_error=False))] if token is not None else []

    @app.post("/v1/predict", responses=PROBLEMS, dependencies=secured)
    async def predict(request: PredictRequest) -> PredictResponse:
        """Return the most probable labels of each text, best first."""
        texts = [request.texts] if isinstance(request.texts, str) else request.texts
        rows = await batcher.submit(texts)
        return PredictResponse(
            results=[
                TextResult(
                    predictions=[
                        LabelScore(**best) for best in rank(classifier.labels, row, request.top_k)
                    ],
                    warning=warning,
                )
                for row, warning in rows
            ]
        )

    @app.post("/v1/explain", responses={**PROBLEMS, **NOT_INSTALLED}, dependencies=secured)
    async def explain(request: ExplainRequest) -> ExplainResponse:
        """Return the attribution of each word to a label: integrated gradients."""
        if explainer is None:
            raise HTTPException(
                501, "Explanations need PyTorch, Captum and a model that is not an ONNX export."
            )
        try:
            return await explainer.submit(request.text, request.label)
        except SentimentError as error:
            raise HTTPException(422, str(error)) from error

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Return that the process answers."""
        return {"status": "ok"}

    @app.get("/readyz", responses={503: {"model": Problem, "description": "The queue is full."}})
    async def readyz() -> dict[str, str]:
        """Return whether another text would be accepted."""
        if len(batcher.queue) >= max_queue:
            raise QueueFullError
        return {"status": "ready"}

    @app.get("/metrics", dependencies=secured, response_class=MetricsResponse)
    async def page_of_metrics() -> Response:
        """Return the metrics of all worker processes in the text format of Prometheus."""
        return MetricsResponse(await asyncio.to_thread(metrics.page))

    return app


class MetricsResponse(Response):
    """Metrics in the text format of Prometheus."""

    media_type = CONTENT_TYPE_LATEST


async def invalid_request(request: Request, error: Exception) -> Response:
    """Return the response to JSON that is not as described: its errors without its content."""
    assert isinstance(error, RequestValidationError)
    if "json" not in request.headers.get("content-type", ""):
        return problem(422, "Send JSON, with the header Content-Type: application/json.")
    found = [
        f"{'.'.join(map(str, item['loc']))[:100]}: {item['msg']}"
        for item in error.errors()[:MAX_ERRORS]
    ]
    return problem(422, "; ".join(found).encode("ascii", "backslashreplace").decode())


async def refused(request: Request, error: Exception) -> Response:
    """Return the response to a request that a route or the router refuses."""
    assert isinstance(error, HTTPException)
    headers = dict(error.headers) if error.headers else None
    return problem(error.status_code, str(error.detail), headers)


async def queue_full(request: Request, error: Exception) -> Response:
    """Return the response to a request for which the queue has no space."""
    return problem(503, "Too many requests wait.", RETRY_AFTER)
