"""The HTTP server: in this process, and as `sentiment serve` over loopback."""

import asyncio
import itertools
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from starlette.testclient import TestClient
from support.fake_classifier import FakeClassifier
from support.paths import ROOT
from support.ports import free_port
from typer.main import get_command

from sentiment import Classifier
from sentiment.cli import app as command_line
from sentiment.data.synthetic.sample import sample_reviews

pytest.importorskip("prometheus_client")

from sentiment.apps.hosts import listening
from sentiment.apps.server import app as routes
from sentiment.apps.server import middleware, service
from sentiment.apps.server.app import create_app
from sentiment.apps.server.batching import Batcher
from sentiment.apps.server.metrics import Metrics, forget_dead_processes
from sentiment.apps.server.middleware import MAX_BODY, BodyLimit, JsonFormatter
from sentiment.apps.server.schemas import MAX_CHARS, MAX_TEXTS

SECRET = "a text that no log may have"
PREDICT, EXPLAIN = "/v1/predict", "/v1/explain"


class SlowClassifier(FakeClassifier):
    """Classifies when `go` is set."""

    def __init__(self):
        self.started, self.go = threading.Event(), threading.Event()

    def encode(self, texts):
        self.started.set()
        assert self.go.wait(60)
        return super().encode(texts)


class NumberClassifier:
    """The score of a text is the number that it is, in thousandths."""

    labels = ("a", "b")
    model = None

    def __init__(self):
        self.batches = []

    def encode(self, texts):
        self.batches.append(len(texts))
        time.sleep(0.001)
        return [[int(text)] for text in texts]

    def probabilities(self, reviews, batch_size):
        return np.array([[ids[0] / 1e6, 1 - ids[0] / 1e6] for ids in reviews])

    def encode_and_score(self, texts, batch_size=64):
        reviews = self.encode(texts)
        return reviews, self.probabilities(reviews, batch_size)


@pytest.fixture(scope="module")
def client():
    with TestClient(create_app(FakeClassifier())) as client:
        yield client


@pytest.fixture(scope="module")
def trained():
    return Classifier.from_pretrained()


@asynccontextmanager
async def connected(app):
    """Yield an asynchronous client of an application in this event loop."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
    ):
        yield client


def best(response):
    assert response.status_code == 200, response.text
    return [result["predictions"][0]["label"] for result in response.json()["results"]]


def test_one_text_and_a_list_have_the_same_form(client):
    assert best(client.post(PREDICT, json={"texts": "good"})) == ["pos"]
    assert best(client.post(PREDICT, json={"texts": ["good", "bad", ""]})) == ["pos", "neg", "neg"]


@pytest.mark.parametrize(("top_k", "count"), [(1, 1), (1.0, 1), (2, 2), (100, 2)])
def test_top_k_labels_are_sorted_by_score(client, top_k, count):
    response = client.post(PREDICT, json={"texts": "good", "top_k": top_k})
    [result] = response.json()["results"]
    expected = [{"label": "pos", "score": 0.75}, {"label": "neg", "score": 0.25}]
    assert result == {"predictions": expected[:count], "warning": None}


def test_unknown_words_are_reported_with_their_text(client):
    response = client.post(PREDICT, json={"texts": ["good", "?"]})
    warnings = [result["warning"] for result in response.json()["results"]]
    assert warnings[0] is None
    assert "knows 0 of the 1 words" in warnings[1]


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        (PREDICT, {}, "texts: Field required"),
        (PREDICT, {"texts": []}, "at least 1 item"),
        (PREDICT, {"texts": ["a"] * (MAX_TEXTS + 1)}, f"at most {MAX_TEXTS} items"),
        (PREDICT, {"texts": "a" * (MAX_CHARS + 1)}, f"at most {MAX_CHARS} characters"),
        (PREDICT, {"texts": [SECRET, 3]}, "valid string"),
        (PREDICT, {"texts": [SECRET] * 9 + [None] * 900}, "valid string"),
        (PREDICT, {"texts": SECRET, "top_k": 0}, "top_k"),
        (PREDICT, {"texts": SECRET, "top_k": "1"}, "top_k"),
        (PREDICT, {"texts": SECRET, "top_k": 1.5}, "top_k"),
        (PREDICT, {"texts": SECRET, "top_k": True}, "top_k"),
        (PREDICT, {"texts": SECRET, "topk": 1}, "topk: Extra inputs"),
        (PREDICT, {"texts": "\ud800"}, "valid string"),
        (PREDICT, {"texts": "a", "\ud800": 1}, "valid string"),
        (PREDICT, {"texts": SECRET, "x" * 10_000: 1}, "Extra inputs"),
        (PREDICT, [SECRET], "valid dictionary"),
        (EXPLAIN, {"text": [SECRET]}, "valid string"),
        (EXPLAIN, {"text": "a" * 5001}, "at most 5000 characters"),
    ],
)
def test_json_that_is_not_as_described_is_refused_without_repeating_it(client, path, body, message):
    response = client.post(
        path, content=json.dumps(body), headers={"Content-Type": "application/json"}
    )
    assert response.status_code == 422
    detail = response.json()["detail"]
    assert message in detail
    assert SECRET not in detail
    assert len(detail) < 1000


@pytest.mark.parametrize(
    "content",
    [b"{", b"\xff", b"[" * 100_000, b'{"top_k": ' + b"9" * 5000 + b"}", b"NaN", b"", b"null"],
    ids=lambda content: repr(content[:5]),
)
def test_body_that_is_not_json_is_refused(client, content):
    response = client.post(PREDICT, content=content, headers={"Content-Type": "application/json"})
    assert response.status_code in (400, 422)
    assert response.json()["detail"]


def test_missing_content_type_is_named(client):
    response = client.post(PREDICT, content=b'{"texts": "good"}')
    assert response.status_code == 422
    assert "Content-Type: application/json" in response.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", PREDICT, 405),
        ("GET", "/docs", 404),
        ("POST", "/v1/predict/", 404),
    ],
)
def test_unknown_paths_and_methods_have_the_form_of_other_problems(client, method, path, status):
    response = client.request(method, path)
    assert response.status_code == status
    assert list(response.json()) == ["detail"]


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(("size", "status"), [(MAX_BODY + 1, 413), (10**7, 413), (MAX_BODY, 422)])
def test_body_is_bounded(client, size, status, chunked):
    content = b'"' + b"x" * (size - 2) + b'"'
    parts = iter([content[: size // 2], content[size // 2 :]])
    response = client.post(
        PREDICT,
        content=parts if chunked else content,
        headers={"Content-Type": "application/json"},
    )
    assert response.status_code == status


def test_body_that_does_not_arrive_in_time_is_refused():
    sent = []

    async def never():
        await asyncio.sleep(60)

    async def send(message):
        sent.append(message)

    async def call():
        limit = BodyLimit(None, timeout=0.05)
        await limit({"type": "http", "headers": []}, never, send)
        assert limit.held == 0

    asyncio.run(call())
    assert sent[0]["status"] == 408


def test_bodies_of_all_requests_together_are_bounded():
    async def call():
        statuses = []
        entered, leave = asyncio.Event(), asyncio.Event()

        async def app(scope, receive, send):
            entered.set()
            await leave.wait()

        async def receive():
            return {"type": "http.request", "body": b"x" * 60, "more_body": False}

        async def send(message):
            statuses.append(message.get("status"))

        limit = BodyLimit(app, max_body=80, max_held=100)
        scope = {"type": "http", "headers": []}
        first = asyncio.create_task(limit(scope, receive, send))
        await entered.wait()
        await limit(scope, receive, send)
        assert statuses[0] == 503
        leave.set()
        await first
        assert limit.held == 0

    asyncio.run(call())


def test_full_queue_is_answered_with_retry_after():
    classifier = SlowClassifier()

    async def call():
        async with connected(create_app(classifier, max_queue=3)) as client:
            first = asyncio.create_task(client.post(PREDICT, json={"texts": "good"}))
            while not classifier.started.is_set():
                await asyncio.sleep(0.01)
            waiting = asyncio.create_task(client.post(PREDICT, json={"texts": ["good"] * 3}))
            while (await client.get("/readyz")).status_code == 200:
                await asyncio.sleep(0.01)
            refused = await client.post(PREDICT, json={"texts": "good"})
            assert refused.status_code == 503
            assert refused.headers["retry-after"] == "1"
            assert (await client.get("/healthz")).status_code == 200
            classifier.go.set()
            assert best(await first) == ["pos"]
            assert best(await waiting) == ["pos"] * 3
            assert best(await client.post(PREDICT, json={"texts": "good"})) == ["pos"]
            assert (await client.get("/readyz")).status_code == 200

    asyncio.run(call())


def test_concurrent_requests_share_batches_and_get_their_own_answers():
    classifier = NumberClassifier()

    async def call():
        async with connected(create_app(classifier)) as client:

            async def send(number):
                texts = [str(number), str(number + 1)]
                response = await client.post(PREDICT, json={"texts": texts, "top_k": 2})
                results = response.json()["results"]
                scores = [
                    {best["label"]: best["score"] for best in result["predictions"]}["a"]
                    for result in results
                ]
                assert scores == [number / 1e6, (number + 1) / 1e6]

            await asyncio.gather(*map(send, range(500)))

    asyncio.run(call())
    assert sum(classifier.batches) == 1000
    assert len(classifier.batches) < 500


def test_stopped_batcher_classifies_what_it_has_accepted():
    go = threading.Event()

    async def call():
        def classify(texts):
            go.wait(60)
            return texts

        batcher = Batcher(classify, Metrics())
        batcher.start()
        tasks = [asyncio.create_task(batcher.submit([str(number)])) for number in range(300)]
        await asyncio.sleep(0)
        batcher.stop()
        go.set()
        assert await asyncio.gather(*tasks) == [[str(number)] for number in range(300)]

    asyncio.run(call())


def test_failure_is_answered_and_logged_without_the_text(caplog):
    class FailingClassifier(FakeClassifier):
        def probabilities(self, reviews, batch_size):
            raise ValueError(SECRET)

    app = create_app(FailingClassifier())
    log = middleware.log
    with (
        caplog.at_level("INFO", log.name),
        TestClient(app, raise_server_exceptions=False) as client,
    ):
        response = client.post(PREDICT, json={"texts": SECRET}, headers={"X-Request-ID": "r-1"})
        assert response.status_code == 500
        assert client.get("/healthz").status_code == 200
    lines = [JsonFormatter().format(record) for record in caplog.records]
    assert not [line for line in lines if SECRET in line]
    failure = json.loads(lines[0])
    assert (failure["error"], failure["request_id"]) == ("ValueError", "r-1")


@pytest.mark.parametrize(
    ("given", "is_kept"),
    [("client-7.a_b", True), ("", False), ("a b", False), ('"}', False), ("x" * 65, False)],
)
def test_request_has_an_id_in_the_response_and_in_the_log(client, caplog, given, is_kept):
    with caplog.at_level("INFO", middleware.log.name):
        response = client.post(
            PREDICT, json={"texts": SECRET}, headers={"X-Request-ID": given}, params={"q": SECRET}
        )
    request_id = response.headers["x-request-id"]
    assert (request_id == given) == is_kept
    [line] = [JsonFormatter().format(record) for record in caplog.records]
    entry = json.loads(line)
    assert entry["request_id"] == request_id
    assert (entry["path"], entry["status"]) == (PREDICT, 200)
    assert SECRET not in line


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer"}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Bearer s3cret2"}, 401),
        ({"Authorization": "Basic s3cret"}, 401),
        ({"Authorization": "Bearer \xe9".encode("latin-1")}, 401),
        ({"Authorization": "bearer s3cret"}, 200),
    ],
)
@pytest.mark.parametrize("path", [PREDICT, "/metrics"])
def test_token_is_needed_for_all_but_the_health_checks(path, header, status):
    with TestClient(create_app(FakeClassifier(), token="s3cret")) as client:
        method = "POST" if path == PREDICT else "GET"
        body = {"json": {"texts": "good"}} if path == PREDICT else {}
        response = client.request(method, path, headers=header, **body)
        assert response.status_code == status
        assert ("www-authenticate" in response.headers) == (status == 401)
        assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200
        assert "HTTPBearer" in client.get("/openapi.json").text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 400),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "localhost:8000", "Origin": "http://localhost:8000"}, 200),
    ],
)
def test_other_web_pages_are_refused(headers, status):
    with TestClient(create_app(FakeClassifier(), hosts=["localhost"])) as client:
        headers = {"Host": "localhost", **headers}
        assert client.post(PREDICT, json={"texts": "a"}, headers=headers).status_code == status


def test_metrics_count_requests_batches_and_the_queue():
    with TestClient(create_app(FakeClassifier())) as client:
        client.post(PREDICT, json={"texts": ["good"] * 3})
        client.post(PREDICT, json={})
        client.get(f"/{SECRET}")
        page = client.get("/metrics").text
    for line in (
        'sentiment_requests_total{path="/v1/predict",status="200"} 1.0',
        'sentiment_requests_total{path="/v1/predict",status="422"} 1.0',
        'sentiment_requests_total{path="other",status="404"} 1.0',
        'sentiment_request_seconds_count{path="/v1/predict"} 2.0',
        "sentiment_queue_texts 0.0",
        "sentiment_batch_texts_sum 3.0",
    ):
        assert line in page
    assert SECRET not in page


def test_openapi_examples_are_answered(client):
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    # This classifier explains no text, also no valid one.
    for path, name, status in ((PREDICT, "PredictRequest", 200), (EXPLAIN, "ExplainRequest", 501)):
        answers = [client.post(path, json=example) for example in schemas[name]["examples"]]
        assert {answer.status_code for answer in answers} == {status}


def test_explanation_is_that_of_the_library(trained):
    from sentiment.inference.explain import explain

    pytest.importorskip("captum")
    text = "Slow to begin with, and then a joy."
    with TestClient(create_app(trained, trained)) as client:
        answer = client.post(EXPLAIN, json={"text": text, "label": "neg"}).json()
        unknown = client.post(EXPLAIN, json={"text": text, "label": "other"})
    expected = explain(trained, text, "neg")
    assert [word["text"] for word in answer["words"]] == [word.text for word in expected.words]
    for word, other in zip(answer["words"], expected.words, strict=True):
        assert word["attribution"] == pytest.approx(other.attribution, abs=1e-4)
    assert unknown.status_code == 422
    assert "label must be one of" in unknown.json()["detail"]


def test_explanations_are_refused_where_they_are_not_possible(client):
    response = client.post(EXPLAIN, json={"text": "good"})
    assert response.status_code == 501
    assert "PyTorch" in response.json()["detail"]


def test_explanations_that_wait_are_bounded(monkeypatch):
    go = threading.Event()
    monkeypatch.setattr(routes.Explainer, "explain", lambda *_: go.wait(60) and None)

    async def call():
        explainer = routes.Explainer(None)
        tasks = [
            asyncio.create_task(explainer.submit("a", None)) for _ in range(routes.MAX_EXPLANATIONS)
        ]
        await asyncio.sleep(0)
        with pytest.raises(routes.QueueFullError):
            await explainer.submit("a", None)
        go.set()
        await asyncio.gather(*tasks)
        await explainer.submit("a", None)

    asyncio.run(call())


@pytest.mark.slow
def test_document_and_behavior_agree():
    schemathesis = pytest.importorskip("schemathesis")
    app = create_app(FakeClassifier())
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    modes = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]
    operations = [operation.ok() for operation in schema.get_all_operations()]
    assert len(operations) == 5
    for operation, mode in itertools.product(operations, modes):
        if mode == modes[1] and operation.method == "get":
            continue  # There is nothing to make wrong.

        @settings(max_examples=50, suppress_health_check=[*HealthCheck])
        @given(operation.as_strategy(generation_mode=mode))
        def answers_as_documented(case):
            response = case.call()
            assert response.status_code < 500 or response.status_code == 501
            if response.status_code not in (413, 501):  # Valid or not, it is too large.
                case.validate_response(response)

        answers_as_documented()


def test_connections_send_without_delay():
    """Nagle's algorithm would delay each response by 40 ms."""

    async def option_of_a_connection(listener):
        accepted = asyncio.get_running_loop().create_future()
        server = await asyncio.start_server(lambda _, to: accepted.set_result(to), sock=listener)
        async with server:
            _, client = await asyncio.open_connection(*listener.getsockname())
            writer = await accepted
            connection = writer.get_extra_info("socket")
            option = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            client.close()
            writer.close()
            return option

    with listening("127.0.0.1", 0) as listener:
        assert asyncio.run(option_of_a_connection(listener)) == 1


def test_gauges_of_live_processes_stay_on_windows(tmp_path, monkeypatch):
    live, dead = (tmp_path / f"gauge_livesum_{process}.db" for process in (1, 2))
    live.touch()
    dead.touch()
    remove = os.remove

    def remove_closed(path):
        if path == str(live):
            raise PermissionError("another process uses the file")
        remove(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "remove", remove_closed)
        patch.setattr(os, "kill", lambda *_: pytest.fail("signal 0 is Ctrl-C on Windows"))
        patch.setattr(os, "name", "nt")
        forget_dead_processes(tmp_path)
    assert [*tmp_path.iterdir()] == [live]


# The command, in its own processes.


@contextmanager
def served(folder, *arguments, **environment):
    """Run `sentiment serve`, and yield its process and its address."""
    port = free_port()
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    errors = folder / "stderr"
    with errors.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "sentiment", "serve", "--port", str(port), *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path, "TMPDIR": str(folder), **environment},
            stdout=subprocess.PIPE,
            stderr=file,
            text=True,
        )
        try:
            if "Serving at" not in process.stdout.readline():
                pytest.fail(errors.read_text())
            address = f"http://127.0.0.1:{port}"
            wait_until_ready(address)
            yield process, address, errors
        finally:
            process.terminate()
            process.wait(90)
            process.stdout.close()


def wait_until_ready(address):
    for _ in range(300):
        try:
            if httpx.get(f"{address}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    pytest.fail("the server did not start")


REVIEWS = [text for text, _ in sample_reviews("test")[::10]]


@pytest.fixture(scope="module")
def expected(trained):
    return trained(REVIEWS)


def send_all(address, numbers, expected, retry=False):
    """Send reviews over one connection and compare the answers; return how many were sent again."""
    repeated = 0
    with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
        for number in numbers:
            index = number % len(REVIEWS)
            while True:
                try:
                    response = client.post(PREDICT, json={"texts": REVIEWS[index]})
                    break
                except httpx.TransportError:
                    assert retry
                    repeated += 1
                    assert repeated < 100
                    time.sleep(0.1)
            [result] = response.json()["results"]
            found = result["predictions"][0]
            assert found["label"] == expected[index]["label"]
            # PyTorch may compute in bfloat16, ONNX Runtime does not.
            assert found["score"] == pytest.approx(expected[index]["score"], abs=0.01)
    return repeated


@pytest.mark.slow
def test_server_answers_clients_and_stops_after_what_it_accepted(tmp_path, expected):
    with served(tmp_path) as (process, address, errors):
        host, port = address.removeprefix("http://").split(":")
        # Clients that send nothing, or half of a request, delay no other.
        idle = [socket.create_connection((host, int(port))) for _ in range(20)]
        for connection in idle[:10]:
            connection.sendall(
                b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{"
            )
        with ThreadPoolExecutor(10) as pool:
            jobs = [
                pool.submit(send_all, address, range(start, 200, 10), expected)
                for start in range(10)
            ]
            for job in jobs:
                job.result()
        huge = httpx.post(f"{address}{PREDICT}", content=b"x" * 10**7)
        assert huge.status_code == 413
        for connection in idle:
            connection.close()

        texts = REVIEWS * (500 // len(REVIEWS) + 1)
        with ThreadPoolExecutor(1) as pool:
            long = pool.submit(
                httpx.post, f"{address}{PREDICT}", json={"texts": texts[:500]}, timeout=90
            )
            while not queued(address):
                assert not long.done()
            process.send_signal(signal.SIGTERM)
            assert len(long.result().json()["results"]) == 500
        assert process.wait(60) == 0
    lines = errors.read_text().splitlines()
    assert all(json.loads(line)["event"] for line in lines)
    assert not [line for line in lines if REVIEWS[0][:20] in line]


def queued(address):
    """Return whether texts wait to be classified."""
    page = httpx.get(f"{address}/metrics").text
    return float(re.search(r"^sentiment_queue_texts (\S+)", page, re.MULTILINE)[1]) > 0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_killed_worker_is_replaced_and_no_answer_is_wrong(tmp_path, expected):
    with served(tmp_path, "--workers", "2") as (process, address, _):
        workers = children(process.pid)
        assert len(workers) == 2
        with ThreadPoolExecutor(6) as pool:
            jobs = [
                pool.submit(send_all, address, range(start, 180, 6), expected, retry=True)
                for start in range(6)
            ]
            wait_until(lambda: answered(address) > 6)
            os.kill(workers[0], signal.SIGKILL)
            for job in jobs:
                job.result()
        wait_until(lambda: len({*children(process.pid)} - {workers[0]}) == 2)
        alive = children(process.pid)
        assert workers[1] in alive
        assert "sentiment_queue_texts 0.0" in httpx.get(f"{address}/metrics").text
        assert answered(address) >= 180 - 6  # Of both processes, with those of the killed one.
        process.kill()  # Its workers end, too.
        process.wait()
        wait_until(lambda: not any(map(is_running, alive)))


def answered(address):
    """Return the number of answered requests for predictions."""
    page = httpx.get(f"{address}/metrics").text
    found = re.search(rf'requests_total{{path="{PREDICT}",status="200"}} (\S+)', page)
    return float(found[1]) if found else 0


def wait_until(is_done):
    """Wait until a function returns true, and fail after a minute."""
    deadline = time.monotonic() + 60
    while not is_done():
        assert time.monotonic() < deadline, "nothing has changed for a minute"
        time.sleep(0.1)


def children(process):
    """Return the ids of the worker processes."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            command = (path / "cmdline").read_text()
        except OSError:
            continue
        if parent == process and "spawn_main" in command:
            found.append(int(path.name))
    return sorted(found)


def is_running(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(
    ("arguments", "environment", "message"),
    [
        (["--host", "203.0.113.7"], {}, "Cannot serve at 203.0.113.7, port 8000"),
        (["--allowed-host", "a b"], {}, "allowed_hosts: 'a b'"),
        (["--model", "missing"], {}, "missing"),
        ([], {"SENTIMENT_TOKEN": ""}, "SENTIMENT_TOKEN"),
        ([], {"SENTIMENT_TOKEN": "a\nb"}, "SENTIMENT_TOKEN"),
    ],
)
def test_server_that_cannot_start_says_why(
    run_command, monkeypatch, arguments, environment, message
):
    monkeypatch.setattr(service, "prepare_process", lambda: None)
    monkeypatch.setattr(service, "load_app", load_or_fake)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    result = run_command("serve", *arguments)
    assert result.returncode == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def load_or_fake(settings):
    """Load another model than the shipped one."""
    if settings.model != "shipped-classifier":
        Classifier.from_pretrained(settings.model)


def test_missing_package_is_named(run_command, monkeypatch):
    monkeypatch.setattr(sys.modules["sentiment.cli.serve"], "find_spec", lambda name: None)
    result = run_command("serve")
    assert result.returncode == 2
    assert "pip install fastapi prometheus-client uvicorn" in result.stderr


# The image.


def instructions():
    """Return the instructions of the Dockerfile: names and arguments."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [tuple(line.split(maxsplit=1)) for line in lines]


def test_image_copies_files_that_exist_and_runs_a_valid_command_without_root():
    found = instructions()
    names = [name for name, _ in found]
    for name, arguments in found:
        if name == "COPY" and "--from" not in arguments:
            *sources, _ = shlex.split(arguments)
            assert all((ROOT / source).exists() for source in sources)
    assert dict(found)["USER"] not in ("root", "0")
    assert names.index("USER") < names.index("ENTRYPOINT")
    assert "HEALTHCHECK" in names
    program, name, *words = json.loads(dict(found)["ENTRYPOINT"]) + json.loads(dict(found)["CMD"])
    assert program == "sentiment"
    options = {option for p in get_command(command_line).commands[name].params for option in p.opts}
    assert {word for word in words if word.startswith("-")} <= options
