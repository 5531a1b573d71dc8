"""The processes of the server: one, or several workers that share a socket."""

import logging
import multiprocessing
import os
import signal
import socket
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from multiprocessing.connection import wait
from threading import Thread

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from sentiment.apps.server.app import create_app
from sentiment.apps.server.middleware import JsonFormatter
from sentiment.inference.backends import Backend, has_torch
from sentiment.inference.classifier import Classifier, UnknownWordsWarning
from sentiment.inference.onnx import OnnxModel

MAX_CONNECTIONS = 512  # Of a worker; 1,024 open files are a common limit.
STOP_TIMEOUT = 60  # Seconds for the requests in progress: four explanations take up to 60.
HEALTH_TIMEOUT = 30  # Seconds after which a worker that does not react is replaced.


@dataclass(frozen=True)
class Settings:
    """What a worker process needs to start."""

    model: str
    device: str
    backend: Backend
    hosts: Sequence[str]
    token: str | None


def load_app(settings: Settings) -> FastAPI:
    """Load the classifier, and return the application.

    Raises:
        SentimentError: as `Classifier.from_pretrained`.
    """
    classifier = Classifier.from_pretrained(
        settings.model, device=settings.device, backend=settings.backend
    )
    return create_app(
        classifier,
        explaining_classifier(classifier),
        token=settings.token,
        hosts=settings.hosts,
    )


def explaining_classifier(classifier: Classifier) -> Classifier | None:
    """Return the classifier with a PyTorch model, or None if explanations are not possible."""
    if find_spec("captum") is None or not has_torch() or classifier.folder is None:
        return None
    if not isinstance(classifier.model, OnnxModel):
        return classifier
    from sentiment.artifacts.checksums import is_export

    if is_export(classifier.folder):
        return None
    return Classifier.from_pretrained(classifier.folder, device="cpu", backend="torch")


def worker_app(settings: Settings) -> FastAPI:
    """Prepare this process, which is a worker, and return its application."""
    prepare_process()
    Thread(target=stop_with_parent, daemon=True).start()
    return load_app(settings)


def prepare_process() -> None:
    """Log as JSON on standard error, and print no text."""
    warnings.simplefilter("ignore", UnknownWordsWarning)  # It would print a text.
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    for name in ("sentiment.server", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(logging.INFO)


def stop_with_parent() -> None:
    """Stop this process when its parent has ended, also if that was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)


def run(app: FastAPI, listener: socket.socket) -> None:
    """Serve `app` in this process until SIGINT or SIGTERM, and answer what was accepted."""
    uvicorn.Server(config(app)).run([listener])


def run_workers(settings: Settings, workers: int, listener: socket.socket) -> None:
    """Serve in several new processes until SIGINT or SIGTERM. A worker that ends is replaced.

    The processes are spawned: threads and locks of this one would be broken after a fork.
    """
    app = partial(worker_app, settings)
    Multiprocess(config(app, factory=True, workers=workers), sockets=[listener]).run()


def config(app: object, factory: bool = False, workers: int = 1) -> uvicorn.Config:
    """Return the settings of uvicorn."""
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        factory=factory,
        workers=workers,
        ws="none",
        log_config=None,
        log_level="info",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_graceful_shutdown=STOP_TIMEOUT,
        timeout_worker_healthcheck=HEALTH_TIMEOUT,
    )
