"""The demo page in a real browser, and its server under hostile requests.

The screenshot of the README: SCREENSHOT=docs/demo.png make test ARGS="tests/test_demo.py -k fits"
"""

import asyncio
import csv
import http.client
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import gradio as gr
import pytest
from gradio.state_holder import SessionState
from gradio_client import Client
from gradio_client.exceptions import AppError
from starlette.datastructures import Headers
from support.paths import ROOT
from support.ports import free_port

import sentiment.apps.demo.handlers
import sentiment.apps.demo.server
import sentiment.apps.demo.storage
from sentiment import Classifier
from sentiment.apps.demo.handlers import MAX_OUTPUT, MAX_ROWS, Handlers
from sentiment.apps.demo.page import EXAMPLES, MAX_CHARS, build_page
from sentiment.apps.demo.request_filter import (
    FILE_ROUTE,
    MAX_EVENT,
    MAX_UPLOAD,
    MULTIPART_OVERHEAD,
    UPLOAD_ROUTE,
    RequestFilter,
)
from sentiment.apps.demo.server import serving
from sentiment.apps.demo.storage import MAX_AGE, Storage
from sentiment.errors import ConfigError

TIMEOUT = 60_000  # Milliseconds; a busy machine needs them.
SECRET = "content of a private file"


@pytest.fixture(scope="module")
def classifier():
    return Classifier.from_pretrained()


def subprocess_options(*arguments, folder, program=("-m", "sentiment")):
    """Return the arguments of a subprocess that runs the command with `folder` as its TMPDIR."""
    return {
        "args": [sys.executable, *program, "demo", *map(str, arguments)],
        "cwd": folder,
        "env": {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder)},
        "encoding": "utf-8",
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
    }


def run(*arguments, **how):
    return subprocess.run(**subprocess_options(*arguments, **how), timeout=300)


def start(port, folder):
    """Start the command and return its process when it serves."""
    process = subprocess.Popen(**subprocess_options("--port", port, folder=folder))
    line = process.stdout.readline()
    if f"Open http://127.0.0.1:{port}/ " not in line:
        process.kill()
        pytest.fail(line + process.communicate()[1])
    return process


def stop(process, number=signal.SIGTERM):
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert "sentiment/apps/demo" not in errors, errors  # A traceback through our code.
    assert process.returncode == 0, errors


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Return the working directory and TMPDIR of the server."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def address(place):
    port = free_port()
    process = start(port, place)
    yield f"http://127.0.0.1:{port}"
    stop(process)


@pytest.fixture(scope="module")
def served_folder(tmp_path_factory):
    """Return the folder of the files of `local_address`."""
    return tmp_path_factory.mktemp("files").resolve()


@pytest.fixture(scope="module")
def local_address(classifier, served_folder):
    """Serve the page from this process, so that a test can change its limits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(served_folder))
        port = free_port()
        allowed = ("demo.example", "*.demo.example", "192.0.2.1", "2001:db8::1")
        with serving(classifier, port=port, allowed_hosts=allowed):
            yield f"http://127.0.0.1:{port}"


@pytest.fixture
def page(browser, address):
    """Open the page; fail if it requests anything from another host."""
    external = []
    context = browser.new_context()

    def watch(route):
        if urlsplit(route.request.url).hostname == "127.0.0.1":
            route.continue_()
        else:
            external.append(route.request.url)
            route.abort()

    context.route("**/*", watch)
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(address)
    yield page
    context.close()
    assert external == []


def wait_for_prediction(page, expected):
    """Wait until the page shows the prediction `expected`, and the same in the bars."""
    prediction = f"Prediction: {expected['label']} ({expected['score']:.1%})"
    page.locator("#prediction [role=status] p", has_text=prediction).wait_for(timeout=TIMEOUT)
    meter = page.locator(f"#scores meter[aria-label={expected['label']}]")
    assert float(meter.get_attribute("value")) == pytest.approx(expected["score"], abs=1e-4)


def read_file_status(page, pattern):
    """Return the line of the file's status that matches `pattern`, when there is one."""
    lines = page.locator("#file-status p", has_text=re.compile(pattern))
    return lines.inner_text(timeout=TIMEOUT)


def test_typed_review_gets_its_prediction_and_then_its_attributions(page, classifier):
    text = page.locator("#text textarea")
    text.press_sequentially("A joy from <b>start</b> to finish.", delay=20)
    page.locator("#attributions .legend").wait_for(timeout=TIMEOUT)
    wait_for_prediction(page, classifier("A joy from <b>start</b> to finish."))
    words = page.locator("#attributions p[dir=auto]")
    assert words.inner_text() == "A joy from <b>start</b> to finish."
    assert words.locator("b").count() == 0
    assert words.locator("span", has_text="joy").get_attribute("title").startswith("+")

    text.fill("Ztlfq grmbl")
    page.get_by_text("the model knows 0 of the 2 words").wait_for(timeout=TIMEOUT)
    text.fill("")
    page.locator("#scores meter").first.wait_for(state="detached", timeout=TIMEOUT)
    page.get_by_role("button", name="Negative", exact=True).click()
    text = EXAMPLES["Negative"]
    page.locator("#attributions p[dir=auto]", has_text=text).wait_for(timeout=TIMEOUT)
    wait_for_prediction(page, classifier(text))


def test_uploaded_file_can_be_downloaded_with_labels(page, classifier, tmp_path):
    reviews = ["A joy, from start to finish.", 'The "plot"\nis a bore.', "Dull."]
    with (tmp_path / "mine.csv").open("w", newline="") as file:
        rows = [[number, review, "?"] for number, review in enumerate(reviews)]
        csv.writer(file).writerows([["id", "text", "label"], *rows])
        file.write("3,one field too many,?,?\n")
    page.set_input_files("#file input[type=file]", tmp_path / "mine.csv")
    assert (
        "Reviews labelled: 3. Rows skipped: 1 (another number of fields: 1)."
        in read_file_status(page, "labelled")
    )
    assert "'mine.csv', line 6" in page.locator("#file-status").inner_text()
    with page.expect_download() as download:
        page.locator("#download").click()
    assert download.value.suggested_filename == "mine-scored.csv"
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text(), newline="")))
    assert [row["text"] for row in rows] == reviews
    assert [row["id"] for row in rows] == ["0", "1", "2"]
    for row, expected in zip(rows, classifier(reviews), strict=True):
        assert row["predicted_label"] == expected["label"]
        assert float(row["predicted_score"]) == pytest.approx(expected["score"], abs=1e-4)


def test_page_works_after_invalid_input(page, tmp_path):
    bad = {
        "empty.csv": (b"", "'empty.csv' is empty"),
        "binary.csv": (bytes(range(256)) * 20, "binary.csv"),
        "columns.csv": (b"a,b\n1,2\n", "columns.csv.*no column of texts"),
        "binary.txt": (b"\x00\xff" * 100, "'binary.txt' is not text"),
        "nothing.txt": (b"", "no rows"),
        "long.txt": (b"a\n" * (MAX_ROWS + 1), f"more than {MAX_ROWS:,} rows"),
        "huge.csv": (b"x" * (MAX_UPLOAD + 1), None),
    }
    for name, (content, message) in bad.items():
        (tmp_path / name).write_bytes(content)
        page.set_input_files("#file input[type=file]", tmp_path / name)
        if message is None:
            page.get_by_text("exceed the maximum allowed size").wait_for(timeout=TIMEOUT)
            continue
        assert ".sentiment-" not in read_file_status(page, message)
        assert not page.locator("#download").is_visible()
        page.locator("#file").get_by_label("Clear").click()
        page.locator("#file-status p").wait_for(state="detached", timeout=TIMEOUT)
    text = page.locator("#text textarea")
    text.fill("x" * (MAX_CHARS + 50))
    assert len(text.input_value()) == MAX_CHARS
    text.fill("A joy from start to finish.")
    page.locator("#prediction p", has_text="pos").wait_for(timeout=TIMEOUT)
    (tmp_path / "good.txt").write_text("A joy.\n")
    page.set_input_files("#file input[type=file]", tmp_path / "good.txt")
    assert "Reviews labelled: 1." in read_file_status(page, "labelled")


@pytest.mark.parametrize("width", [390, 800, 1280])
def test_page_fits_phone_and_desktop(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.get_by_role("button", name="Mixed").click()
    page.locator("#attributions .legend").wait_for(timeout=TIMEOUT)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width == 800 and "SCREENSHOT" in os.environ:
        page.screenshot(path=ROOT / os.environ["SCREENSHOT"], full_page=True)


def response_to(address, method, path, body=None, headers=None):
    """Return the response to a request, and its body; the path is sent unchanged."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response, response.read().decode("utf-8", "replace")
    finally:
        connection.close()


def request(*arguments):
    """Return the status and the body of a request."""
    response, body = response_to(*arguments)
    return response.status, body


MULTIPART = {"Content-Type": "multipart/form-data; boundary=x"}


def multipart(*files):
    """Return the body of an upload."""
    parts = (
        f'--x\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'.encode()
        + content
        for name, content in files
    )
    return b"\r\n".join([*parts, b"--x--\r\n"])


def upload(address, name, content):
    """Upload a file as a browser does; return the status and the body."""
    return request(address, "POST", UPLOAD_ROUTE, multipart((name, content)), MULTIPART)


def uploaded_file(address, name, content):
    """Upload a file; return the JSON in which a client names it."""
    status, answer = upload(address, name, content)
    assert status == 200, answer
    return file_data(json.loads(answer)[0])


def files_in(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def temporary_folder(place):
    (folder,) = place.glob(".sentiment-*.tmp")
    return folder


@pytest.fixture
def secret(place):
    path = place / "secret.txt"
    path.write_text(SECRET)
    return path


@pytest.mark.parametrize(
    "route", ["/gradio_api/file=", "/file=", "/gradio_api/file/", "/static/", "/assets/"]
)
@pytest.mark.parametrize(
    "path",
    [
        "{place}/secret.txt",
        "secret.txt",
        "{folder}/../secret.txt",
        "{folder}/%2e%2e/secret.txt",
        "{folder}%2f..%2fsecret.txt",
        "{folder}/%252e%252e/secret.txt",
        "{folder}/..%5csecret.txt",
        "{folder}-other/secret.txt",
        "../../../../../../../../{place}/secret.txt",
        "..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2f{place}/secret.txt",
        "file://{place}/secret.txt",
        "/etc/passwd",
        "%2Fetc%2Fpasswd",
        "/proc/self/environ",
        "{address}/",
    ],
)
def test_file_outside_the_temporary_folder_cannot_be_read(address, place, secret, route, path):
    folder = temporary_folder(place)
    other = folder.with_name(f"{folder.name}-other")
    other.mkdir(exist_ok=True)
    shutil.copy(secret, other)
    path = path.format(place=place, folder=folder, address=address)
    status, body = request(address, "GET", route + path)
    assert status in (403, 404)
    assert SECRET not in body
    assert "root:" not in body


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege")
def test_request_filter_refuses_paths_outside_its_folder(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    requests = RequestFilter(None, Storage(folder))
    for path in ("x/mine.csv", "x/../mine.csv", "%2e%2e/mine.csv"):
        assert requests.refusal(f"{FILE_ROUTE}{folder}/{path}", "GET", Headers()) is None
    for path in ("/../mine.csv", "/link/mine.csv", "-other/mine.csv", "/\0", "/.."):
        assert requests.refusal(f"{FILE_ROUTE}{folder}{path}", "GET", Headers()).status_code == 404
    for path in ("mine.csv", "/etc/passwd", f"file://{folder}/x", "http://127.0.0.1/", "x" * 9999):
        assert requests.refusal(f"{FILE_ROUTE}{path}", "GET", Headers()).status_code == 404


def test_path_of_another_server_is_refused_without_a_request_to_it(tmp_path, monkeypatch):
    requests = RequestFilter(None, Storage(tmp_path))
    monkeypatch.setattr(Path, "resolve", lambda *_: pytest.fail("Windows would ask the server"))
    answer = requests.refusal(f"{FILE_ROUTE}//server/share/mine.csv", "GET", Headers())
    assert answer.status_code == 404


def test_upload_is_stored_in_the_temporary_folder_and_can_be_read(address, place):
    before = set(place.rglob("*"))
    status, answer = upload(address, "../../up.csv", b"text\nGood.\n")
    assert status == 200, answer
    (path,) = json.loads(answer)
    assert Path(path).resolve().is_relative_to(temporary_folder(place).resolve())
    for new in set(place.rglob("*")) - before:
        assert new.is_relative_to(temporary_folder(place))
    assert request(address, "GET", f"/gradio_api/file={path}") == (200, "text\nGood.\n")


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/gradio_api/vibe-code",
            "/gradio_api/deep_link?session_hash=x",
            "/gradio_api/openapi.json",
        ),
        *(
            "/gradio_api/proxy=http://127.0.0.1/",
            "/gradio_api/runs",
            "/monitoring/summary",
            "/docs",
        ),
        "/gradio_api/custom_component/x/client/component/x",
    ],
)
def test_unused_route_of_gradio_is_closed(address, path):
    assert request(address, "GET", path)[0] == 404
    assert request(address, "POST", path, b"{}")[0] == 404


def call(address, event, *data):
    """Call an event through the queue; return the messages before the result, and the result."""
    config = json.loads(request(address, "GET", "/config")[1])
    (number,) = (each["id"] for each in config["dependencies"] if each["api_name"] == event)
    body = json.dumps({"data": data, "fn_index": number, "session_hash": event})
    headers = {"Content-Type": "application/json"}
    status, answer = request(address, "POST", "/gradio_api/queue/join", body, headers)
    assert status == 200, answer
    _, stream = request(address, "GET", f"/gradio_api/queue/data?session_hash={event}")
    messages = [json.loads(line.removeprefix("data:")) for line in stream.split("\n\n") if line]
    *before, result = (each for each in messages if each["msg"] != "close_stream")
    assert result["msg"] == "process_completed"
    return before, result


def file_data(path):
    """Return the JSON in which a client names a file."""
    return {"path": str(path), "orig_name": "x.txt", "meta": {"_type": "gradio.FileData"}}


def test_only_an_uploaded_file_is_labelled(address, place, secret):
    (uploaded,) = json.loads(upload(address, "mine.txt", SECRET.encode())[1])
    _, answer = call(address, "label_file", file_data(uploaded), "")
    assert answer["success"], answer
    assert "Reviews labelled: 1." in answer["output"]["data"][0]
    for path in (
        secret,
        secret.name,
        f"{temporary_folder(place)}/../{secret.name}",
        "/etc/passwd",
    ):
        assert not call(address, "label_file", file_data(path), "")[1]["success"], path


def test_file_named_by_a_url_is_refused_in_any_input(address):
    url = file_data(f"{address}/config")
    for event, *data in (
        ("label_file", url, ""),
        ("label_file", {"path": "x.txt", "nested": [url]}, ""),
        ("predict", url),
        ("explain", {"text": url}),
    ):
        _, answer = call(address, event, *data)
        assert not answer["success"], (event, answer)
        assert "URL is not accepted" in answer["output"]["error"], (event, answer)


HOSTILE = (
    *("\ud800 good", "good\0", "\u202e\u2066good", "\u200b" * 1000, "\r\n\x85\u2028"),
    *("<script>alert(1)</script>", "!" * MAX_CHARS, "🎬" * 1000, "{0} %s ${1}", "\x1b[31m"),
)


def test_any_text_gets_a_response(address):
    for text in HOSTILE:
        for event in ("predict", "explain"):
            _, result = call(address, event, text)
            assert result["success"], (event, text[:40], result)
            assert "<script" not in json.dumps(result["output"])


def test_any_file_is_labelled_or_refused_with_a_message(address):
    for name, content in {
        "bad.txt": b"\xff\xfe\xff\n\0\n",  # UTF-16.
        "odd.txt": b"\xef\xbb\xbfgood\r\n\xc0\x80\n\0\n\xe2\x80\xae\n",
        "odd.csv": b"\xef\xbb\xbftext\r\n\xff\r\n",
        "odd.jsonl": b'{"text": "\\ud800"}\n{"text": "\\u0000"}\n[[\n',
        "deep.jsonl": b"[" * 10**5,
        "not.tsv": bytes(range(256)) * 100,
    }.items():
        (uploaded,) = json.loads(upload(address, name, content)[1])
        for column in ("", "\ud800"):
            _, answer = call(address, "label_file", file_data(uploaded), column)
            assert answer["success"], (name, answer)
            labelled = name in ("bad.txt", "odd.txt", "odd.jsonl") and not column
            assert ("Reviews labelled" in str(answer)) == labelled, answer


def test_long_file_reports_its_progress(address):
    (uploaded,) = json.loads(upload(address, "many.txt", b"A joy.\n" * 500)[1])
    before, _ = call(address, "label_file", file_data(uploaded), "")
    reports = [each["progress_data"][0] for each in before if each["msg"] == "progress"]
    assert [report["desc"] for report in reports[:3]] == [
        f"{rows} reviews" for rows in (128, 256, 384)
    ]
    assert 0.5 < reports[2]["progress"] < 1


@pytest.mark.skipif(sys.platform != "linux", reason="needs a second address of this machine")
def test_server_listens_on_the_loopback_address_only(address):
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", urlsplit(address).port), timeout=30)


def test_response_forbids_requests_to_other_hosts(address):
    with urlopen(address) as response:
        assert response.headers["Content-Security-Policy"].startswith("default-src 'self' ")


def test_too_large_upload_is_refused(address):
    for excess in (1, MULTIPART_OVERHEAD):
        status, answer = upload(address, "big.csv", b"x" * (MAX_UPLOAD + excess))
        assert status == 413, answer
    assert upload(address, "small.csv", b"text\nGood.\n")[0] == 200


@pytest.mark.parametrize("headers", [{}, {"Content-Length": "5"}])
def test_upload_of_undeclared_size_is_refused(address, headers):
    headers = {**MULTIPART, "Transfer-Encoding": "chunked", **headers}
    try:
        status, _ = request(address, "POST", UPLOAD_ROUTE, iter([b"--x", b"--"]), headers)
    except (BrokenPipeError, ConnectionResetError):
        return  # The server closes the connection before it has the body.
    assert status in (400, 411)  # The parser of requests refuses some of them itself.


@pytest.mark.parametrize("route", ["queue/join", "cancel", "reset"])
def test_too_large_request_is_refused(address, route):
    path, headers = f"/gradio_api/{route}", {"Content-Type": "application/json"}
    assert request(address, "POST", path, b" " * (MAX_EVENT + 1), headers)[0] == 413


def test_too_long_text_is_refused(address):
    client = Client(address, verbose=False, download_files=False)
    for event in ("/predict", "/explain"):
        with pytest.raises(AppError, match="100,000 characters"):
            client.predict("x" * (MAX_CHARS + 1), api_name=event)


STREAM = "/gradio_api/queue/data?session_hash=x"
PREFLIGHT = {"Access-Control-Request-Method": "POST"}


@pytest.mark.parametrize(
    ("method", "path", "more"),
    [
        ("GET", "/", {}),
        ("GET", "/config", {}),
        ("GET", STREAM, {}),
        ("POST", UPLOAD_ROUTE, MULTIPART),
        ("POST", "/gradio_api/queue/join", {}),
        ("OPTIONS", UPLOAD_ROUTE, PREFLIGHT),
        ("OPTIONS", "/gradio_api/queue/join", PREFLIGHT),
    ],
)
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "attacker.example"},
        {"Host": "attacker.example:{port}", "Origin": "http://attacker.example:{port}"},
        {"Host": "127.0.0.1.attacker.example"},
        {"Host": "localhost@attacker.example"},
        {"Host": "0.0.0.0:{port}"},
        {"Host": ""},
        {"Origin": "http://attacker.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://127.0.0.1:{port}.attacker.example"},
        {"Origin": "null"},
        {"Origin": ""},
    ],
)
def test_request_of_another_site_is_refused(local_address, method, path, more, headers):
    port = urlsplit(local_address).port
    headers = {name: value.format(port=port) for name, value in headers.items()}
    response, body = response_to(local_address, method, path, None, {**more, **headers})
    assert response.status in (400, 403), body
    assert not [name for name in response.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "LOCALHOST", "[::1]", "192.0.2.1", "[2001:db8::1]"),
        *("demo.example", "a.demo.example"),
    ],
)
def test_page_is_served_under_each_allowed_host(local_address, host):
    host = f"{host}:{urlsplit(local_address).port}"
    headers = {"Host": host, "Origin": f"http://{host}"}
    assert request(local_address, "GET", "/", None, headers)[0] == 200


@pytest.mark.parametrize("host", ["", "a b", "http://a", "a:80", "a*", "*a", "[::1", "a/b", "a,b"])
def test_allowed_host_that_is_no_host_is_refused(classifier, monkeypatch, tmp_path, host):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    with (
        pytest.raises(ConfigError, match="allowed_hosts"),
        serving(classifier, port=free_port(), allowed_hosts=[host]),
    ):
        pass


def test_concurrent_uploads_stay_within_the_bound(local_address, served_folder, monkeypatch):
    bodies = [multipart(("big.txt", b"%d" % n * 10_000)) for n in range(8)]
    size = len(bodies[0])
    stored = sum(path.stat().st_size for path in files_in(served_folder))
    monkeypatch.setattr(sentiment.apps.demo.storage, "MAX_STORED", stored + 3 * size)
    connections = []
    for body in bodies:
        connection = http.client.HTTPConnection(urlsplit(local_address).netloc, timeout=30)
        connection.putrequest("POST", UPLOAD_ROUTE)
        for name, value in {**MULTIPART, "Content-Length": str(size)}.items():
            connection.putheader(name, value)
        connection.endheaders(body[:-1])
        connections.append(connection)
    statuses = []
    for connection in connections:
        with suppress(OSError):  # The server has already answered and closed the connection.
            connection.send(b"\n")  # The last byte of a body.
        statuses.append(connection.getresponse().status)
        connection.close()
    assert sorted(statuses) == [200] * 3 + [503] * 5


def test_number_of_files_is_limited(local_address, served_folder, monkeypatch):
    stored = len(files_in(served_folder))
    monkeypatch.setattr(sentiment.apps.demo.storage, "MAX_FILES", stored + 3)
    statuses = [upload(local_address, f"{n}.txt", b"%d" % n)[0] for n in range(5)]
    assert statuses == [200] * 3 + [503] * 2


def test_upload_of_several_files_is_refused(local_address, served_folder):
    before = files_in(served_folder)
    body = multipart(*((f"{n}.txt", b"%d" % n) for n in range(100)))
    assert request(local_address, "POST", UPLOAD_ROUTE, body, MULTIPART)[0] == 400
    assert files_in(served_folder) == before


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("again.txt", b"A joy.\n"),
        ("again.csv", b"text\nA joy.\n"),
        ("again.jsonl", b'{"text": "A joy."}\n'),
        ("fails.csv", b"a,b\n1,2\n"),
        ("refused.png", b""),
    ],
)
def test_labelling_a_file_again_stores_nothing_more(local_address, served_folder, name, content):
    file = uploaded_file(local_address, name, content)
    first = call(local_address, "label_file", file, "")[1]
    before = files_in(served_folder)
    for _ in range(3):
        again = call(local_address, "label_file", file, "")[1]
        assert again["output"]["data"][0] == first["output"]["data"][0]
    assert files_in(served_folder) == before


def test_file_is_not_labelled_without_space_for_the_result(local_address, monkeypatch):
    file = uploaded_file(local_address, "full.txt", b"A joy.\n")
    monkeypatch.setattr(sentiment.apps.demo.storage, "MAX_STORED", MAX_OUTPUT)
    _, answer = call(local_address, "label_file", file, "")
    assert "Too many files are stored" in answer["output"]["data"][0]


def test_too_large_result_is_deleted(local_address, served_folder, monkeypatch):
    file = uploaded_file(local_address, "large.txt", b"A joy.\n")
    before = files_in(served_folder)
    monkeypatch.setattr(sentiment.apps.demo.handlers, "MAX_OUTPUT", 10)
    _, answer = call(local_address, "label_file", file, "")
    assert "The labelled file has more than" in answer["output"]["data"][0]
    assert files_in(served_folder) == before


def test_old_files_are_deleted_while_the_page_is_served(classifier, tmp_path, monkeypatch):
    for name, age in (("old", MAX_AGE + 60), ("new", 0)):
        (tmp_path / name).mkdir()
        path = tmp_path / name / "file.csv"
        path.write_bytes(b"12345")
        os.utime(path, (time.time() - age, time.time() - age))
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    monkeypatch.setattr(sentiment.apps.demo.server, "CLEANUP_INTERVAL", 0.05)
    with serving(classifier, port=free_port()):
        deadline = time.monotonic() + 60
        while (tmp_path / "old").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
    assert not (tmp_path / "old").exists()
    assert (tmp_path / "new" / "file.csv").exists()


@pytest.mark.parametrize(
    ("event", "inputs"),
    [
        ("predict", ["x" * (MAX_CHARS + 1)]),
        ("explain", ["x" * (MAX_CHARS + 1)]),
        ("predict", [{"text": "x" * MAX_EVENT}]),
        ("predict", [["x" * MAX_EVENT]]),
        ("predict", [None]),
        ("predict", ["x" * MAX_EVENT, "x"]),
        ("predict", []),
        ("label_file", [None, "x" * MAX_EVENT]),
        ("label_file", [{"path": "x" * MAX_EVENT, "meta": {"_type": "gradio.FileData"}}, ""]),
        ("label_file", [{"path": "", "name": "x" * MAX_EVENT}, ""]),
        ("label_file", [["x" * MAX_EVENT], ""]),
    ],
)
def test_refused_input_is_neither_kept_nor_quoted(classifier, tmp_path, event, inputs):
    blocks = build_page(Handlers(classifier, Storage(tmp_path)))
    (function,) = (each for each in blocks.fns.values() if each.api_name == event)
    session = SessionState(blocks)
    before = str(session.config_values)
    # In a thread, because the browser's event loop runs in this one.
    with pytest.raises(gr.Error) as error, ThreadPoolExecutor(1) as executor:
        executor.submit(asyncio.run, blocks.preprocess_data(function, inputs, session)).result()
    assert not error.value.print_exception
    assert len(str(error.value)) < 200
    assert str(session.config_values) == before


LONG = "<b>\x1b[31m" + "x" * 10**6


@pytest.mark.parametrize(
    ("name", "content", "column"),
    [
        ("columns.csv", f"{LONG},b\n1,2\n", "none"),
        ("columns.jsonl", json.dumps({LONG: "a", "b": "c"}), "none"),
        ("rows.csv", "text\n" + f"good,{LONG}\n" * 9, ""),
        ("rows.jsonl", '{"text": "good"}\n' + f"{LONG}\n" * 9, ""),
        ("<b>.csv", "", ""),
        ("<b>.txt", "good\n", ""),
    ],
)
def test_status_of_a_file_is_short_and_without_its_markup(
    classifier, tmp_path, name, content, column
):
    (tmp_path / name).write_text(content)
    handlers = Handlers(classifier, Storage(tmp_path))
    html, _ = handlers.label_file(file_data(tmp_path / name), column)
    assert len(html) < 5000
    assert "<b>" not in html
    assert str(tmp_path) not in html


def test_labels_are_shown_without_their_markup(classifier, tmp_path, monkeypatch):
    labels = ["<script>a</script>", "<b>b</b>"]
    monkeypatch.setattr(classifier, "labels", labels)
    _, prediction, _ = Handlers(classifier, Storage(tmp_path)).predict("A joy.")
    assert "Prediction: &lt;" in prediction
    assert not any(label in prediction for label in labels)


def test_ten_concurrent_clients_get_the_predictions_of_their_texts(address, classifier):
    texts = [f"Scene {number} was a joy, scene {number + 1} a bore." for number in range(10)]
    answers = [None] * len(texts)

    def visit(number):
        client = Client(address, verbose=False, download_files=False)
        scores, _, _ = client.predict(texts[number], api_name="/predict")
        words = client.predict(texts[number], api_name="/explain")
        answers[number] = scores, re.sub("<[^>]*>", "", words)

    visitors = [threading.Thread(target=visit, args=(number,)) for number in range(10)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    for text, (scores, words) in zip(texts, answers, strict=True):
        expected = classifier(text, top_k=None)
        assert scores["label"] == expected[0]["label"]
        for found, prediction in zip(scores["confidences"], expected, strict=True):
            assert found["label"] == prediction["label"]
            assert found["confidence"] == pytest.approx(prediction["score"], abs=1e-4)
        assert words.startswith(text)


def test_port_in_use_is_one_line_on_stderr(address, tmp_path):
    port = urlsplit(address).port
    result = run("--port", port, folder=tmp_path)
    assert result.returncode == 2
    assert re.fullmatch(
        rf"Error: Cannot serve at 127.0.0.1, port {port}: .*Choose another port.*\n", result.stderr
    )
    assert list(tmp_path.iterdir()) == []


def test_without_gradio_one_line_names_what_installs_it(tmp_path):
    code = "import sys; sys.modules['gradio'] = None; from sentiment.cli import main; main()"
    result = run(folder=tmp_path, program=("-c", code))
    assert result.returncode == 2
    assert result.stderr == "Error: demo needs gradio: pip install gradio (the extra 'demo').\n"
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def temporary_folder_of_command(tmp_path, monkeypatch):
    """Return the TMPDIR of commands that run in this process."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("GRADIO_TEMP_DIR", "")  # The command sets it; restored after the test.
    return folder


@pytest.mark.skipif(os.name == "nt", reason="needs the signals of POSIX")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_temporary_folder_is_deleted_with_the_server(
    run_command, temporary_folder_of_command, name
):
    number, port = getattr(signal, name), free_port()
    stored = []

    def upload_and_stop():
        while not stored:
            time.sleep(0.1)
            with suppress(OSError):  # Not serving yet.
                upload(f"http://127.0.0.1:{port}", "mine.csv", b"text\nGood.\n")
                stored.extend(temporary_folder_of_command.rglob("mine.csv"))
        os.kill(os.getpid(), number)

    def fail(*_):
        pytest.fail(f"{name} is not handled")

    # A shell starts background processes with SIGINT ignored.
    handlers = {"SIGHUP": fail, "SIGINT": signal.default_int_handler}
    before = signal.signal(number, handlers.get(name, signal.getsignal(number)))
    stopper = threading.Thread(target=upload_and_stop)
    stopper.start()
    result = run_command("demo", "--port", port)
    stopper.join()
    signal.signal(number, before)
    assert result.returncode == 0
    assert list(temporary_folder_of_command.iterdir()) == []


def test_temporary_folder_of_a_killed_server_is_deleted_at_the_next_start(
    run_command, temporary_folder_of_command
):
    port = free_port()
    process = start(port, temporary_folder_of_command)
    uploaded_file(f"http://127.0.0.1:{port}", "mine.csv", b"text\nGood.\n")
    process.kill()
    process.communicate()
    assert list(temporary_folder_of_command.rglob("mine.csv")) != []
    result = run_command("demo", "--allowed-host", "http://demo.example")
    assert result.returncode == 2
    assert "allowed_hosts: 'http://demo.example' is no host" in result.stderr
    assert list(temporary_folder_of_command.iterdir()) == []


def test_building_the_page_sets_no_setting_of_the_process(classifier, tmp_path, monkeypatch):
    # Gradio sets this variable itself if analytics are disabled.
    monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "True")
    before = dict(os.environ)
    build_page(Handlers(classifier, Storage(tmp_path)))
    assert dict(os.environ) == before


def test_serving_needs_a_folder_of_its_own(classifier, monkeypatch):
    monkeypatch.delenv("GRADIO_TEMP_DIR", raising=False)
    with (
        pytest.raises(ConfigError, match="GRADIO_TEMP_DIR is not set"),
        serving(classifier, port=free_port()),
    ):
        pass
