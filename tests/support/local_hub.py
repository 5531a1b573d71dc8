"""A small Hub server on loopback: the part of its HTTP interface that the client uses to create,
write and read models, and to read datasets. It records requests and uploads for the tests.
"""

import base64
import hashlib
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

TOKEN = "hf_example"


class Hub(ThreadingHTTPServer):
    """Repositories by id, each with its visibility and the files of the last commit by branch.

    The id of a dataset starts with `datasets/`.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Request)
        self.models, self.uploads, self.requests = {}, {}, []
        self.commits = []  # The file names of each commit.
        self.gated = set()  # Ids.
        self.cut = set()  # Names of files of which only the first half is sent.
        self.sizes = {}  # The claimed size of a file, by name.

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.server_port}"

    def add(self, model, files, private=False):
        self.models[model] = {"private": private, "main": dict(files)}

    def sent(self, model):
        """Return the names of the downloaded files."""
        start = f"/{model}/resolve/"
        return [
            path.split("/")[-1]
            for method, path in self.requests
            if method == "GET" and start in path
        ]


class Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.handle_read()

    def do_HEAD(self):
        self.handle_read()

    def answer(self, content=b"", status=200, **headers):
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content_Length": len(body), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status, code):
        self.answer({"error": code}, status, X_Error_Code=code)

    def parts(self):
        path = unquote(urlsplit(self.path).path)
        self.server.requests.append((self.command, path))
        return path.strip("/").split("/")

    def is_authorized(self):
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def handle_read(self):
        parts, hub = self.parts(), self.server
        in_api = parts[:1] == ["api"]
        rest = parts[1:] if in_api else parts
        if rest[:1] == ["models"]:
            rest = rest[1:]
        size = 3 if rest[:1] == ["datasets"] else 2
        model, rest = "/".join(rest[:size]), rest[size:]
        known = hub.models.get(model)
        if known is None or (known["private"] and not self.is_authorized()):
            return self.refuse(401 if in_api else 404, "RepoNotFound")
        if model in hub.gated:
            return self.refuse(403, "GatedRepo")
        revision = rest[1] if len(rest) > 1 else "main"
        by_commit = {commit_of(known[name]): known[name] for name in known if name != "private"}
        files = known.get(revision, by_commit.get(revision))
        if files is None:
            return self.refuse(404, "RevisionNotFound")
        if not in_api:
            return self.handle_file(files, rest[2])
        listed = [
            {"type": "file", "path": name, "rfilename": name, "oid": etag(body)}
            | {"size": hub.sizes.get(name, len(body))}
            for name, body in files.items()
        ]
        if rest[:1] == ["tree"]:
            return self.answer(listed)
        info = {"id": model.removeprefix("datasets/"), "private": known["private"]}
        info |= {"sha": commit_of(files), "siblings": listed, "tags": [], "downloads": 0}
        return self.answer(info)

    def handle_file(self, files, name):
        if name not in files:
            return self.refuse(404, "EntryNotFound")
        body = files[name]
        headers = {"X_Repo_Commit": commit_of(files), "ETag": f'"{etag(body)}"'}
        if self.command == "GET" and name in self.server.cut:
            self.close_connection = True
            headers["Content_Length"], body = str(len(body)), body[: len(body) // 2]
        return self.answer(body, **headers)

    def do_POST(self):
        parts, hub = self.parts(), self.server
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self.is_authorized():
            return self.refuse(401, "Unauthorized")
        if parts == ["api", "validate-yaml"]:
            return self.answer({"errors": [], "warnings": []})
        if parts == ["api", "repos", "create"]:
            return self.create(json.loads(body))
        if parts[-3:] == ["lfs", "objects", "batch"]:
            return self.batch(json.loads(body))
        model, action, revision = "/".join(parts[2:4]), parts[4], parts[5]
        branches = hub.models[model]
        if action == "branch":
            branches[revision] = dict(branches["main"])
            return self.answer({})
        if action == "preupload":
            modes = [
                {
                    "path": file["path"],
                    "uploadMode": "lfs" if file["path"].endswith("safetensors") else "regular",
                    "shouldIgnore": False,
                }
                for file in json.loads(body)["files"]
            ]
            return self.answer({"files": modes})
        assert action == "commit"
        files = {}
        for line in body.splitlines():
            operation = json.loads(line)
            value = operation["value"]
            if operation["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif operation["key"] == "lfsFile":
                files[value["path"]] = hub.uploads[value["oid"]]
        branches[revision].update(files)
        hub.commits.append(sorted(files))
        commit = commit_of(branches[revision])
        page = f"{hub.endpoint}/{model}/commit/{commit}"
        return self.answer({"commitUrl": page, "commitOid": commit})

    def create(self, request):
        model = f"{request['organization']}/{request['name']}"
        if request["organization"] != "user":
            return self.refuse(403, "Forbidden")
        if model in self.server.models:
            return self.answer({"url": f"{self.server.endpoint}/{model}"}, 409)
        private = request.get("private") is True or request.get("visibility") == "private"
        self.server.add(model, {}, private)
        return self.answer({"url": f"{self.server.endpoint}/{model}"})

    def batch(self, request):
        objects = [
            {**file, "actions": {"upload": {"href": f"{self.server.endpoint}/lfs/{file['oid']}"}}}
            for file in request["objects"]
        ]
        return self.answer({"transfer": "basic", "objects": objects})

    def do_PUT(self):
        oid = self.parts()[-1]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if hashlib.sha256(body).hexdigest() != oid:
            return self.refuse(400, "BadContent")
        self.server.uploads[oid] = body
        return self.answer()


def etag(body):
    return hashlib.sha1(body).hexdigest()


def commit_of(files):
    return etag(repr(sorted((name, etag(body)) for name, body in files.items())).encode())


@contextmanager
def serving_hub():
    """Yield a server that runs until the end of the block."""
    hub = Hub()
    threading.Thread(target=hub.serve_forever, daemon=True).start()
    try:
        yield hub
    finally:
        hub.shutdown()
        hub.server_close()
