"""The page as a person meets it, in a real browser, and as one with bad intent does, without.

The README's picture of it: SCREENSHOT=docs/demo.png make test ARGS="tests/test_demo.py -k fits"
"""

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
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from starlette.datastructures import Headers

import sentiment.apps.demo.gate
from sentiment import Classifier
from sentiment.apps.demo.gate import FILE, FRAME, KEPT, MAX_UPLOAD, UPLOAD, Gate
from sentiment.apps.demo.page import EXAMPLES, MAX_CHARS, show_scores
from sentiment.apps.demo.scoring import MAX_ROWS

ROOT = Path(__file__).parent.parent
WAIT = 60_000  # Milliseconds; a busy machine needs them.
SECRET = "not for the eyes of the page"


@pytest.fixture(scope="module")
def classifier():
    return Classifier.from_pretrained()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def as_typed(*arguments, folder, program=("-m", "sentiment")):
    """The command as a user types it in `folder`, where its temporary files shall be too."""
    return {
        "args": [sys.executable, *program, "demo", *map(str, arguments)],
        "cwd": folder,
        "env": {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder)},
        "encoding": "utf-8",
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
    }


def run(*arguments, **how):
    return subprocess.run(**as_typed(*arguments, **how), timeout=300)


def start(port, folder):
    """The same, once it serves."""
    process = subprocess.Popen(**as_typed("--port", port, folder=folder))
    said = process.stdout.readline()
    if f"Open http://127.0.0.1:{port}/ " not in said:
        process.kill()
        pytest.fail(said + process.communicate()[1])
    return process


def stop(process):
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert "sentiment/apps/demo" not in errors, errors  # A traceback through our code.
    assert process.returncode == 0, errors


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The folder in which the server runs and has its temporary files."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def address(place):
    port = free_port()
    process = start(port, place)
    yield f"http://127.0.0.1:{port}"
    stop(process)


@pytest.fixture
def page(browser, address):
    """The page, just opened; nothing it asks for lies elsewhere."""
    elsewhere = []
    context = browser.new_context()

    def watch(route):
        if urlsplit(route.request.url).hostname == "127.0.0.1":
            route.continue_()
        else:
            elsewhere.append(route.request.url)
            route.abort()

    context.route("**/*", watch)
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(address)
    yield page
    context.close()
    assert elsewhere == []


def read_verdict(page):
    """The label and its probability, once there are some."""
    first = page.locator("#verdict .scores > div").first
    return first.locator("b").inner_text(timeout=WAIT), first.locator("span").inner_text()


def read_report(page, beginning):
    """What the page says of a file, once it begins as it should."""
    return page.locator("#report p", has_text=re.compile(beginning)).inner_text(timeout=WAIT)


def test_a_typed_review_gets_its_verdict_and_then_its_coloured_words(page, classifier):
    text = page.locator("#text textarea")
    text.press_sequentially("A joy from <b>start</b> to finish.", delay=20)
    page.locator("#words .legend").wait_for(timeout=WAIT)
    expected = classifier("A joy from <b>start</b> to finish.")
    assert read_verdict(page) == (expected["label"], f"{expected['score']:.1%}")
    words = page.locator("#words p[dir=auto]")
    assert words.inner_text() == "A joy from <b>start</b> to finish."
    assert words.locator("b").count() == 0
    assert words.locator("span", has_text="joy").get_attribute("title").startswith("+")

    text.fill("Ztlfq grmbl")
    page.get_by_text("the model knows 0 of its 2 words").wait_for(timeout=WAIT)
    text.fill("")
    page.locator("#verdict .scores").wait_for(state="detached", timeout=WAIT)
    page.get_by_role("button", name="Against", exact=True).click()
    expected = classifier(EXAMPLES["Against"])
    page.locator("#words p[dir=auto]", has_text=EXAMPLES["Against"]).wait_for(timeout=WAIT)
    assert read_verdict(page) == (expected["label"], f"{expected['score']:.1%}")


def test_an_uploaded_file_comes_back_scored(page, classifier, tmp_path):
    reviews = ["A joy, from start to finish.", 'The "plot"\nis a bore.', "Dull."]
    with (tmp_path / "mine.csv").open("w", newline="") as file:
        rows = [[number, review, "?"] for number, review in enumerate(reviews)]
        csv.writer(file).writerows([["id", "text", "label"], *rows])
        file.write("3,one field too many,?,?\n")
    page.set_input_files("#file input[type=file]", tmp_path / "mine.csv")
    assert "Reviews scored: 3. Malformed rows left out: 1." in read_report(page, "scored")
    assert "'mine.csv', line 6" in page.locator("#report").inner_text()
    with page.expect_download() as download:
        page.locator("#download").click()
    assert download.value.suggested_filename == "mine-scored.csv"
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text(), newline="")))
    assert [row["text"] for row in rows] == reviews
    assert [row["id"] for row in rows] == ["0", "1", "2"]
    for row, expected in zip(rows, classifier(reviews), strict=True):
        assert row["predicted_label"] == expected["label"]
        assert float(row["predicted_score"]) == pytest.approx(expected["score"], abs=1e-4)


def test_the_page_keeps_working_after_bad_input(page, tmp_path):
    bad = {
        "empty.csv": (b"", "'empty.csv' is empty"),
        "binary.csv": (bytes(range(256)) * 20, "binary.csv"),
        "columns.csv": (b"a,b\n1,2\n", "columns.csv.*no column 'text'"),
        "binary.txt": (b"\x00\xff" * 100, "None of its rows can be read"),
        "nothing.txt": (b"", "no rows"),
        "long.txt": (b"a\n" * (MAX_ROWS + 1), f"more than {MAX_ROWS:,} rows"),
        "huge.csv": (b"x" * (MAX_UPLOAD + 1), None),
    }
    for name, (content, message) in bad.items():
        (tmp_path / name).write_bytes(content)
        page.set_input_files("#file input[type=file]", tmp_path / name)
        if message is None:
            page.get_by_text("exceed the maximum allowed size").wait_for(timeout=WAIT)
            continue
        said = read_report(page, message)
        assert "sentiment-demo-" not in said
        assert not page.locator("#download").is_visible()
        page.locator("#file").get_by_label("Clear").click()
        page.locator("#report p").wait_for(state="detached", timeout=WAIT)
    text = page.locator("#text textarea")
    text.fill("x" * (MAX_CHARS + 50))
    assert len(text.input_value()) == MAX_CHARS
    text.fill("A joy from start to finish.")
    assert read_verdict(page)[0] == "pos"
    (tmp_path / "good.txt").write_text("A joy.\n")
    page.set_input_files("#file input[type=file]", tmp_path / "good.txt")
    assert "Reviews scored: 1." in read_report(page, "scored")


@pytest.mark.parametrize("width", [390, 800, 1280])
def test_the_page_fits_a_phone_and_a_desk(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.get_by_role("button", name="Mixed").click()
    page.locator("#words .legend").wait_for(timeout=WAIT)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width == 800 and "SCREENSHOT" in os.environ:
        page.screenshot(path=ROOT / os.environ["SCREENSHOT"], full_page=True)


def request(address, method, path, body=None, headers=None):
    """The status and body of a request whose path is sent as it stands here."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read().decode("utf-8", "replace")
    finally:
        connection.close()


def upload(address, name, content):
    """The status and answer to a file sent as a browser sends it."""
    head = f'--x\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
    body = head.encode() + content + b"\r\n--x--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    return request(address, "POST", "/gradio_api/upload", body, headers)


def temporary_folder(place):
    (folder,) = place.glob("sentiment-demo-????????")  # No longer, as that beside it.
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
        "{folder}-beside/secret.txt",
        "../../../../../../../../{place}/secret.txt",
        "..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2f{place}/secret.txt",
        "file://{place}/secret.txt",
        "/etc/passwd",
        "%2Fetc%2Fpasswd",
        "/proc/self/environ",
        "{address}/",
    ],
)
def test_no_path_of_the_host_can_be_read(address, place, secret, route, path):
    folder = temporary_folder(place)
    beside = folder.with_name(f"{folder.name}-beside")
    beside.mkdir(exist_ok=True)
    shutil.copy(secret, beside)
    path = path.format(place=place, folder=folder, address=address)
    status, body = request(address, "GET", route + path)
    assert status in (403, 404)
    assert SECRET not in body
    assert "root:" not in body


def test_the_gate_holds_to_its_folder(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    gate = Gate(None, folder)
    for path in ("x/mine.csv", "x/../mine.csv", "%2e%2e/mine.csv"):
        assert gate.refusal(f"{FILE}{folder}/{path}", "GET", Headers()) is None
    for path in ("/../mine.csv", "/link/mine.csv", "-beside/mine.csv", "/\0", "/.."):
        assert gate.refusal(f"{FILE}{folder}{path}", "GET", Headers()).status_code == 404
    for path in ("mine.csv", "/etc/passwd", f"file://{folder}/x", "http://127.0.0.1/", "x" * 9999):
        assert gate.refusal(f"{FILE}{path}", "GET", Headers()).status_code == 404


def test_what_was_uploaded_can_be_read_again_and_lies_in_the_temporary_folder(address, place):
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
def test_what_the_page_does_not_need_is_closed(address, path):
    assert request(address, "GET", path)[0] == 404
    assert request(address, "POST", path, b"{}")[0] == 404


def call(address, event, *data):
    """What the queue says to a call whose data is sent as it stands here, up to its result."""
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


def named(path):
    """A file as a client names it to the server."""
    return {"path": str(path), "orig_name": "x.txt", "meta": {"_type": "gradio.FileData"}}


def test_only_an_uploaded_file_is_scored(address, place, secret):
    (uploaded,) = json.loads(upload(address, "mine.txt", SECRET.encode())[1])
    _, answer = call(address, "score", named(uploaded), "")
    assert answer["success"], answer
    assert "Reviews scored: 1." in answer["output"]["data"][0]
    for path in (
        secret,
        secret.name,
        f"{temporary_folder(place)}/../{secret.name}",
        "/etc/passwd",
    ):
        assert not call(address, "score", named(path), "")[1]["success"], path
    _, answer = call(address, "score", named(f"{address}/config"), "")
    assert not answer["success"]
    assert "has to be uploaded" in answer["output"]["error"]


HOSTILE = (
    *("\ud800 good", "good\0", "\u202e\u2066good", "\u200b" * 1000, "\r\n\x85\u2028"),
    *("<script>alert(1)</script>", "!" * MAX_CHARS, "🎬" * 1000, "{0} %s ${1}", "\x1b[31m"),
)


def test_any_text_is_answered(address):
    for text in HOSTILE:
        _, verdict = call(address, "judge", text)
        _, words = call(address, "colour", text)
        assert verdict["success"], (text[:40], verdict)
        assert words["success"], (text[:40], words)
        assert "<script" not in json.dumps([verdict["output"], words["output"]])


def test_any_bytes_are_scored_or_refused_in_a_line(address):
    for name, content in {
        "bad.txt": b"\xff\xfe\xff\n\0\n",
        "odd.txt": b"\xef\xbb\xbfgood\r\n\xc0\x80\n\0\n\xe2\x80\xae\n",
        "odd.csv": b"\xef\xbb\xbftext\r\n\xff\r\n",
        "odd.jsonl": b'{"text": "\\ud800"}\n{"text": "\\u0000"}\n[[\n',
        "deep.jsonl": b"[" * 10**5,
        "not.tsv": bytes(range(256)) * 100,
    }.items():
        (uploaded,) = json.loads(upload(address, name, content)[1])
        for column in ("", "\ud800"):
            _, answer = call(address, "score", named(uploaded), column)
            assert answer["success"], (name, answer)
            scored = name == "odd.txt" or (name.startswith("odd") and not column)
            assert ("Reviews scored" in str(answer)) == scored, answer


def test_a_file_that_takes_a_while_reports_how_far_it_is(address):
    (uploaded,) = json.loads(upload(address, "many.txt", b"A joy.\n" * 500)[1])
    before, _ = call(address, "score", named(uploaded), "")
    reports = [each["progress_data"][0] for each in before if each["msg"] == "progress"]
    assert reports[-1]["desc"] == "384 reviews"
    assert 0.5 < reports[-1]["progress"] < 1


@pytest.mark.skipif(sys.platform != "linux", reason="needs a second address of this machine")
def test_it_listens_at_the_loopback_address_alone(address):
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", urlsplit(address).port), timeout=30)


def test_the_browser_is_told_to_ask_nobody_else(address):
    with urlopen(address) as response:
        assert response.headers["Content-Security-Policy"].startswith("default-src 'self' ")


def test_an_upload_beyond_the_bound_is_refused(address):
    for excess in (1, FRAME):
        status, answer = upload(address, "big.csv", b"x" * (MAX_UPLOAD + excess))
        assert status == 413, answer
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    chunks = iter([b"--x", b"--"])  # Of a length that is not told.
    assert request(address, "POST", "/gradio_api/upload", chunks, headers)[0] == 411
    assert upload(address, "small.csv", b"text\nGood.\n")[0] == 200


def test_a_text_beyond_the_bound_is_refused(address):
    client = Client(address, verbose=False, download_files=False)
    for event in ("/judge", "/colour"):
        with pytest.raises(AppError, match="100,000 characters"):
            client.predict("x" * (MAX_CHARS + 1), api_name=event)


def test_old_files_go_and_what_stays_is_counted(monkeypatch, tmp_path):
    for name, age in (("old", KEPT + 60), ("new", 0)):
        (tmp_path / name).mkdir()
        path = tmp_path / name / "file.csv"
        path.write_bytes(b"12345")
        os.utime(path, (time.time() - age, time.time() - age))
    gate = Gate(None, tmp_path)
    ask = {"path": UPLOAD, "method": "POST", "headers": Headers({"content-length": "10"})}
    monkeypatch.setattr(sentiment.apps.demo.gate, "MAX_STORED", 15)
    assert gate.refusal(**ask) is None
    monkeypatch.setattr(sentiment.apps.demo.gate, "MAX_STORED", 14)
    assert gate.refusal(**ask).status_code == 503
    assert [path.parent.name for path in tmp_path.rglob("*.csv")] == ["new"]


def test_ten_clients_at_once_get_ten_right_answers(address, classifier):
    texts = [f"Scene {number} was a joy, scene {number + 1} a bore." for number in range(10)]
    expected = [show_scores(classifier(text, all_scores=True)["scores"]) for text in texts]
    answers = [None] * len(texts)

    def visit(number):
        client = Client(address, verbose=False, download_files=False)
        verdict, _ = client.predict(texts[number], api_name="/judge")
        words = client.predict(texts[number], api_name="/colour")
        answers[number] = verdict, re.sub("<[^>]*>", "", words).startswith(texts[number])

    visitors = [threading.Thread(target=visit, args=(number,)) for number in range(10)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    assert answers == [(verdict, True) for verdict in expected]


def test_an_address_that_is_taken_is_one_clear_line(address, tmp_path):
    port = urlsplit(address).port
    result = run("--port", port, folder=tmp_path)
    assert result.returncode == 2
    assert re.fullmatch(rf"Error: Could not serve at 127.0.0.1:{port};.*--port.\n", result.stderr)
    assert list(tmp_path.iterdir()) == []


def test_without_gradio_one_line_says_what_installs_it(tmp_path):
    code = "import sys; sys.modules['gradio'] = None; from sentiment.cli import main; main()"
    result = run(folder=tmp_path, program=("-c", code))
    assert result.returncode == 2
    assert re.fullmatch("Error: The demo needs gradio.*make demo.*\n", result.stderr)
    assert list(tmp_path.iterdir()) == []


def test_the_temporary_folder_goes_with_the_page(tmp_path):
    port = free_port()
    process = start(port, tmp_path)
    status, _ = upload(f"http://127.0.0.1:{port}", "mine.csv", b"text\nGood.\n")
    assert status == 200
    assert list(tmp_path.rglob("mine.csv")) != []
    stop(process)
    assert list(tmp_path.iterdir()) == []
