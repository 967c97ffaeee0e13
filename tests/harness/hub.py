"""A small Hub on 127.0.0.1 for the real clients: repositories, commits, LFS, redirects, tokens, and faults.

It has what huggingface_hub 2.4 and datasets 5.2 ask for: only the branch main, no pull requests, no multipart
uploads, no Xet. Its rules are the Hub's: an existing repository answers 409 with its address, and a hidden
one does not exist. A large file goes through LFS, and its redirect leaves for another origin.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from handwriting import dataset
from tests.harness import CLEAN, ROOT
from tests.harness.servers import free_port

# The account of the tests. With this name, what READMEs print runs as it stands.
OWNER = "OWNER"
MODEL = f"{OWNER}/mnixel-cnn"
TOKENS = {"hf_write": (OWNER, "write"), "hf_read": (OWNER, "read"), "hf_other": ("somebody", "write")}
LARGE = (".safetensors", ".parquet", ".png")  # what the Hub keeps outside git
PREFIX = {"model": "", "dataset": "datasets/", "space": "spaces/"}


PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def client(hub: LocalHub, home: Path, *command: str, token: str = "hf_write", cwd: Path = ROOT, **more: str):
    """Run a command as somebody with an empty cache in `home`; returns what it printed and its status."""
    environment = {**CLEAN, "PATH": PATH, **hub.environment(home, token), **more}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=240)


@cache
def few_drawn() -> Path:
    """A folder as `python -m handwriting build` writes it, with few digits."""
    folder = Path(tempfile.mkdtemp())
    dataset.build(folder, sizes={"train": 40, "test": 20}, workers=1)
    return folder


def publish(hub: LocalHub, home: Path, *arguments: str, **more):
    """Run publish.py, which gets few drawn digits instead of drawing 70,000."""
    if arguments[0] in ("all", "dataset") and "--dry-run" not in arguments:
        arguments = (*arguments, "--drawn", str(few_drawn()))
    return client(hub, home, sys.executable, "publish.py", *arguments, **more)


def one_sentence(done, program: str) -> str:
    """The single line that a command said when it failed."""
    assert done.returncode == 1, done.stdout + done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith(f"{program}: ")]
    assert len(lines) == 1 and "Traceback" not in done.stderr, done.stderr
    return lines[0].removeprefix(f"{program}: ")


def blocks(text: str, language: str = "") -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.S | re.M)
    return [body for name, body in found if name == language]


@dataclass(frozen=True)
class File:
    """One file of a commit. Large ones have a SHA-256."""

    content: bytes
    size: int
    sha256: str = ""

    @property
    def oid(self) -> str:
        """Git's own name for it; for a large file that of its pointer."""
        body = self.content
        if self.sha256:
            version = "version https://git-lfs.github.com/spec/v1"
            body = f"{version}\noid sha256:{self.sha256}\nsize {self.size}\n".encode()
        return hashlib.sha1(b"blob %d\0" % len(body) + body).hexdigest()


@dataclass
class Repository:
    kind: str
    name: str
    private: bool = False
    gated: bool = False
    sdk: str | None = None
    hardware: str | None = None
    variables: dict[str, str] = field(default_factory=dict)
    commits: list[tuple[str, str, dict[str, File]]] = field(default_factory=list)  # sha, message, files

    def commit(self, message: str, files: dict[str, File]) -> str:
        oids = sorted((path, file.oid) for path, file in files.items())
        seed = json.dumps([self.kind, self.name, len(self.commits), oids])
        self.commits.append((hashlib.sha1(seed.encode()).hexdigest(), message, files))
        return self.commits[-1][0]

    def at(self, revision: str) -> tuple[str, dict[str, File]] | None:
        for sha, _, files in reversed(self.commits):
            if revision in ("main", sha):
                return sha, files
        return None


@dataclass
class Fault:
    """Happens to the next `times` requests whose "METHOD path" matches `pattern`."""

    pattern: str
    act: str  # "silent", "cut", "alter", "hold" or an HTTP status
    times: int = 10**9
    message: str = ""
    every: int = 1  # 3: only every third of them is hit
    seen: int = 0
    after: bool = False  # the request is carried out first, and only its answer is hit


class LocalHub:
    """`with LocalHub().running() as hub` serves it; `hub.environment(home)` points a client at it."""

    def __init__(self, transfer: str = "redirect", paid: bool = True):
        # `transfer` of a large file is "direct" or "redirect".
        self.transfer, self.paid = transfer, paid
        # Gradio Spaces on ZeroGPU that an account without a plan may have; none in its first 30 days.
        self.zero = 2
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.objects: dict[str, bytes] = {}  # LFS, by SHA-256
        self.faults: list[Fault] = []
        self.log: list[str] = []  # "METHOD path"
        # Requests to the file store that had the Hub's token.
        self.leaks: list[str] = []
        # Set when a request has reached a "hold".
        self.held = threading.Event()
        # Lets held requests go on.
        self.release = threading.Event()
        self.port = free_port()
        self.url, self.store = f"http://127.0.0.1:{self.port}", f"http://localhost:{self.port}"

    def environment(self, home: Path, token: str = "hf_write") -> dict[str, str]:
        """The variables of a client with an empty cache in `home`."""
        home.mkdir(parents=True, exist_ok=True)
        variables = {"HF_ENDPOINT": self.url, "HF_HOME": str(home / "hf"), "HOME": str(home)}
        variables |= {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_XET": "1"}
        return variables | ({"HF_TOKEN": token} if token else {})

    def repository(self, kind: str, name: str) -> Repository:
        return self.repositories[kind, name]

    def rows(self, dataset: str) -> list[dict]:
        """The rows of every .jsonl file of a dataset; [] without the repository."""
        files = self.files("dataset", dataset) if ("dataset", dataset) in self.repositories else {}
        lines = [text.splitlines() for path, text in files.items() if path.endswith(".jsonl")]
        return [json.loads(line) for each in lines for line in each]

    def files(self, kind: str, name: str) -> dict[str, bytes]:
        """What the newest commit holds."""
        return {path: file.content for path, file in self.repository(kind, name).commits[-1][2].items()}

    def put(self, kind: str, name: str, files: dict[str, bytes], **settings) -> str:
        """Commit files as if somebody had pushed them; returns the commit."""
        repository = self.repositories.setdefault((kind, name), Repository(kind, name))
        for key, value in settings.items():
            setattr(repository, key, value)
        new = dict(repository.commits[-1][2]) if repository.commits else {}
        for path, content in files.items():
            sha = hashlib.sha256(content).hexdigest() if path.endswith(LARGE) else ""
            if sha:
                self.objects[sha] = content
            new[path] = File(content, len(content), sha)
        return repository.commit("put", new)

    # --- requests -------------------------------------------------------------------------------------------

    def user(self, request: Request) -> tuple[str, str] | None:
        """Account and role of the token, None without one. Raises KeyError for a wrong one."""
        header = request.headers.get("authorization", "")
        return TOKENS[header.removeprefix("Bearer ")] if header else None

    def signed_in(self, request: Request) -> tuple[str, str] | Response:
        """Account and role, or the Hub's answer to somebody without a token or with a wrong one."""
        try:
            user = self.user(request)
        except KeyError:
            user = None
        return user or error(401, "Invalid credentials in Authorization header")

    def visible(self, request: Request, kind: str, name: str) -> Repository | Response:
        """The repository, or the Hub's answer to somebody who may not see it."""
        try:
            user = self.user(request)
        except KeyError:
            return error(401, "Invalid credentials in Authorization header")
        repository, is_owner = self.repositories.get((kind, name)), bool(user) and user[0] == owner_of(name)
        if repository is None or repository.private and not is_owner:
            return error(404 if user else 401, "Repository not found", "RepoNotFound")
        if repository.gated and "/resolve/" in request.url.path and not is_owner:
            return error(403 if user else 401, "Access to this repository is restricted", "GatedRepo")
        return repository

    def writable(self, request: Request, kind: str, name: str) -> Repository | Response:
        """The repository, or the Hub's answer to somebody who may not write to it."""
        repository = self.visible(request, kind, name)
        if isinstance(repository, Response) or (user := self.user(request)) == (owner_of(name), "write"):
            return repository
        return error(403 if user else 401, "You don't have the rights to write to this repository")

    async def whoami(self, request: Request) -> Response:
        if isinstance(user := self.signed_in(request), Response):
            return user
        access = {"type": "access_token", "accessToken": {"displayName": "test", "role": user[1]}}
        return JSONResponse({"type": "user", "name": user[0], "orgs": [], "isPro": self.paid, "auth": access})

    async def create(self, request: Request) -> Response:
        asked = await request.json()
        kind = asked.get("type") or "model"
        user = self.signed_in(request)
        if isinstance(user, Response):
            return user
        name = f"{asked.get('organization') or user[0]}/{asked['name']}"
        if user != (owner_of(name), "write"):
            return error(403, f"You don't have the rights to create a {kind} for {owner_of(name)}")
        url = f"{self.url}/{PREFIX[kind]}{name}"
        if (kind, name) in self.repositories:
            return JSONResponse({"error": "You already created this repo", "url": url}, 409)
        if kind == "space" and asked.get("sdk") == "gradio" and not self.paid:
            if asked.get("hardware") != "zero-a10g":
                return error(402, "A PRO subscription is required to create Gradio Spaces on free hardware")
            if sum(made.hardware == "zero-a10g" for made in self.repositories.values()) >= self.zero:
                return error(403, f"You may have {self.zero} ZeroGPU Spaces")
        made = Repository(kind, name, bool(asked.get("private")) or asked.get("visibility") == "private")
        made.sdk, made.hardware = asked.get("sdk"), asked.get("hardware")
        made.variables = {row["key"]: row["value"] for row in asked.get("variables") or []}
        attributes = b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n"
        made.commit("initial commit", {".gitattributes": File(attributes, len(attributes))})
        self.repositories[kind, name] = made
        return JSONResponse({"url": url, "name": name, "id": name})

    async def validate(self, request: Request) -> Response:
        import yaml

        body = await request.json()
        front = re.match(r"---\n(.*?)\n---", body["content"], re.S)
        try:
            yaml.safe_load(front[1] if front else "")
        except yaml.YAMLError as problem:
            return JSONResponse({"errors": [{"message": str(problem)}], "warnings": []}, 400)
        return JSONResponse({"errors": [], "warnings": []})

    async def preupload(self, request: Request, repository: Repository, revision: str) -> Response:
        sha, files = repository.at(revision)
        rows = []
        for asked in (await request.json())["files"]:
            old = files.get(asked["path"])
            oid = None if old is None else old.sha256 or old.oid
            large = asked["path"].endswith(LARGE) or asked["size"] > 10_000_000
            mode = "lfs" if large else "regular"
            rows.append({"path": asked["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid})
        return JSONResponse({"files": rows, "commitOid": sha})

    async def commit(self, request: Request, repository: Repository, revision: str) -> Response:
        sha, files = repository.at("main")
        files, header = dict(files), {}
        for line in (await request.body()).splitlines():
            item = json.loads(line)
            value = item["value"]
            if item["key"] == "header":
                header = value
            elif item["key"] == "file":
                content = base64.b64decode(value["content"])
                files[value["path"]] = File(content, len(content))
            elif item["key"] == "lfsFile":
                if value["oid"] not in self.objects:
                    return error(400, f"{value['path']}: LFS pointer points to a file that does not exist")
                files[value["path"]] = File(self.objects[value["oid"]], value["size"], value["oid"])
            elif item["key"] == "deletedFile":
                if value["path"] not in files:
                    return error(404, "Entry not found", "EntryNotFound")
                del files[value["path"]]
        if header.get("parentCommit") not in (None, sha):
            return error(412, "A commit has happened since. Please refresh and try again.")
        new = repository.commit(header["summary"], files)
        url = f"{self.url}/{PREFIX[repository.kind]}{repository.name}/commit/{new}"
        return JSONResponse({"success": True, "commitOid": new, "commitUrl": url})

    async def batch(self, request: Request, repository: Repository) -> Response:
        rows = []
        for wanted in (await request.json())["objects"]:
            row = {"oid": wanted["oid"], "size": wanted["size"]}
            if wanted["oid"] not in self.objects:
                base = f"{self.url}/{PREFIX[repository.kind]}{repository.name}.git/info/lfs"
                places = {"upload": f"{self.store}/store/{wanted['oid']}", "verify": f"{base}/verify"}
                row["actions"] = {action: {"href": place} for action, place in places.items()}
            rows.append(row)
        return JSONResponse({"transfer": "basic", "objects": rows})

    async def verify(self, request: Request, repository: Repository) -> Response:
        wanted = await request.json()
        stored = self.objects.get(wanted["oid"])
        return Response(status_code=200 if stored is not None and len(stored) == wanted["size"] else 404)

    async def put_object(self, request: Request) -> Response:
        if request.headers.get("authorization"):
            self.leaks.append(f"PUT {request.url.path}")
        body = await request.body()
        if hashlib.sha256(body).hexdigest() != request.path_params["oid"]:
            return Response(status_code=400)
        self.objects[request.path_params["oid"]] = body
        return Response(status_code=200)

    async def get_object(self, request: Request) -> Response:
        if request.headers.get("authorization"):
            self.leaks.append(f"GET {request.url.path}")
        return ranged(request, self.objects[request.path_params["oid"]])

    def info(self, repository: Repository, sha: str, files: dict[str, File]) -> dict:
        siblings = [{"rfilename": path} for path in sorted(files)]
        stamp = "2026-01-01T00:00:00.000Z"
        record = {"_id": "0" * 24, "id": repository.name, "sha": sha, "siblings": siblings}
        record |= {"private": repository.private, "gated": repository.gated, "disabled": False}
        record |= {"lastModified": stamp, "createdAt": stamp, "tags": [], "downloads": 0, "likes": 0}
        if repository.kind == "space":
            record |= {"sdk": repository.sdk, "runtime": self.runtime(repository)}
        return record

    @staticmethod
    def runtime(repository: Repository) -> dict:
        hardware = dict.fromkeys(("current", "requested"), repository.hardware or "cpu-basic")
        return {"stage": "RUNNING", "hardware": hardware, "storage": None, "gcTimeout": None}

    async def tree(self, request: Request, files: dict[str, File], folder: str) -> Response:
        recursive = request.query_params.get("recursive") in ("true", "True", "1")
        rows, folders = [], set()
        for path, file in sorted(files.items()):
            if folder and not path.startswith(f"{folder}/"):
                continue
            rest = path[len(folder) + 1 :] if folder else path
            if "/" in rest and not recursive:
                folders.add(f"{folder}/{rest.split('/')[0]}".strip("/"))
                continue
            row = {"type": "file", "oid": file.oid, "size": file.size, "path": path}
            if file.sha256:
                row["lfs"] = {"oid": file.sha256, "size": file.size, "pointerSize": 131}
            rows.append(row)
        if folder and not rows and not folders:
            return error(404, "Entry not found", "EntryNotFound")
        rows += [{"type": "directory", "oid": "0" * 40, "size": 0, "path": path} for path in sorted(folders)]
        return JSONResponse(rows)

    def resolve(
        self, request: Request, repository: Repository, sha: str, files: dict[str, File], path: str
    ) -> Response:
        file = files.get(path)
        headers = {"X-Repo-Commit": sha}
        if file is None:
            return error(404, "Entry not found", "EntryNotFound", headers)
        if not file.sha256:
            return ranged(request, file.content, {**headers, "ETag": f'"{file.oid}"'})
        headers |= {
            "X-Linked-Size": str(file.size),
            **dict.fromkeys(("X-Linked-ETag", "ETag"), f'"{file.sha256}"'),
        }
        if self.transfer == "direct":
            return ranged(request, self.objects[file.sha256], headers)
        return Response(status_code=302, headers={**headers, "Location": f"{self.store}/store/{file.sha256}"})

    # --- routing --------------------------------------------------------------------------------------------

    async def api(self, request: Request) -> Response:
        """/api/{kind}s/{owner}/{name}/..."""
        kind = request.path_params["kinds"].removesuffix("s")
        name = f"{request.path_params['owner']}/{request.path_params['name']}"
        verb, _, rest = request.path_params["rest"].partition("/")
        repository = (self.writable if request.method != "GET" else self.visible)(request, kind, name)
        if isinstance(repository, Response):
            return repository
        if verb == "super-squash":
            _, message, files = repository.commits[-1]
            repository.commits = []
            repository.commit("squashed", files)
            return Response(status_code=200)
        if kind == "space" and verb == "variables":
            if request.method == "POST":
                row = await request.json()
                repository.variables[row["key"]] = row["value"]
            rows = {key: {"key": key, "value": value} for key, value in repository.variables.items()}
            return JSONResponse(rows)
        if kind == "space" and verb == "runtime":
            return JSONResponse(self.runtime(repository))
        if kind == "space" and verb == "hardware":
            repository.hardware = (await request.json())["flavor"]
            return JSONResponse(self.runtime(repository))
        has_revision = verb in ("tree", "revision", "preupload", "commit")
        revision, _, folder = rest.partition("/") if has_revision else ("main", "", "")
        snapshot = repository.at(revision)
        if snapshot is None:
            return error(404, "Revision not snapshot", "RevisionNotFound")
        if verb == "preupload":
            return await self.preupload(request, repository, revision)
        if verb == "commit":
            return await self.commit(request, repository, revision)
        if verb == "tree":
            return await self.tree(request, snapshot[1], folder)
        if verb in ("", "revision"):
            return JSONResponse(self.info(repository, *snapshot))
        return error(404, "No such route")

    async def web(self, request: Request) -> Response:
        """/{owner}/{name}/resolve/... and /{owner}/{name}.git/..., with the prefix of their kind."""
        path = request.path_params["path"]
        kind = next(k for k, prefix in PREFIX.items() if prefix and path.startswith(prefix) or k == "space")
        kind = kind if path.startswith(PREFIX[kind]) else "model"
        path = path.removeprefix(PREFIX[kind])
        if match := re.fullmatch(r"([^/]+/[^/]+)\.git/info/lfs/(objects/batch|verify)", path):
            repository = self.writable(request, kind, match[1])
            if isinstance(repository, Response):
                return repository
            return await (self.batch if match[2] == "objects/batch" else self.verify)(request, repository)
        match = re.fullmatch(r"([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        if match is None:
            return error(404, "No such page")
        repository = self.visible(request, kind, match[1])
        if isinstance(repository, Response):
            return repository
        snapshot = repository.at(match[2])
        if snapshot is None:
            return error(404, "Revision not snapshot", "RevisionNotFound")
        return self.resolve(request, repository, *snapshot, match[3])

    def application(self):
        kinds = "{kinds:str}/{owner:str}/{name:str}"
        routes = [
            Route("/api/whoami-v2", self.whoami),
            Route("/api/repos/create", self.create, methods=["POST"]),
            Route("/api/validate-yaml", self.validate, methods=["POST"]),
            Route("/store/{oid}", self.put_object, methods=["PUT"]),
            Route("/store/{oid}", self.get_object),
            Route(f"/api/{kinds}/{{rest:path}}", self.api, methods=["GET", "POST"]),
            Route(f"/api/{kinds}", self.api_root),
            Route("/{path:path}", self.web, methods=["GET", "HEAD", "POST"]),
        ]
        # As the Hub's: a page elsewhere may read public files.
        shared = Middleware(CORSMiddleware, allow_origins=["*"])
        return Faulty(Starlette(routes=routes, middleware=[shared]), self)

    async def api_root(self, request: Request) -> Response:
        request.path_params["rest"] = ""
        return await self.api(request)

    @contextmanager
    def running(self):
        """Serve in a thread until the block ends."""
        settings = {"port": self.port, "log_level": "critical", "timeout_graceful_shutdown": 1}
        server = uvicorn.Server(uvicorn.Config(self.application(), **settings))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield self
        finally:
            server.should_exit = server.force_exit = True
            thread.join(10)


class Faulty:
    """The application with the faults that were asked for laid over it."""

    def __init__(self, application, hub: LocalHub):
        self.application, self.hub = application, hub

    def fault(self, line: str) -> Fault | None:
        for fault in self.hub.faults:
            if re.search(fault.pattern, line):
                fault.seen += 1
                if fault.times and fault.seen % fault.every == 0:
                    fault.times -= 1
                    return fault
        return None

    async def hold(self) -> None:
        """Until the test lets the request go on."""
        self.hub.held.set()
        while not self.hub.release.is_set():
            await anyio.sleep(0.02)

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http":
            return await self.application(scope, receive, send)
        line = f"{scope['method']} {scope['path']}"
        self.hub.log.append(line)
        fault = self.fault(line)
        if fault is None:
            try:
                return await self.application(scope, receive, send)
            except ClientDisconnect:
                return
        if fault.act == "silent":
            await anyio.sleep_forever()
        if fault.act == "hold" and not fault.after:
            await self.hold()
            return await self.application(scope, receive, send)
        if fault.act.isdigit():
            headers = {"X-Error-Message": fault.message} if fault.message else {}
            response = JSONResponse({"error": fault.message or "fault"}, int(fault.act), headers)
            return await response(scope, receive, send)
        messages = []

        async def collect(message):
            messages.append(message)

        await self.application(scope, receive, collect)
        if fault.act == "hold":
            await self.hold()
        body = b"".join(message.get("body", b"") for message in messages[1:])
        if fault.act == "alter" and body:
            body = bytes([*body[:-1], body[-1] ^ 1])
        if fault.act == "cut":
            body = body[: len(body) // 2]
        await send(messages[0])
        await send({"type": "http.response.body", "body": body, "more_body": fault.act == "cut"})
        if fault.act == "cut":
            # This makes uvicorn close the connection in the middle of the body.
            raise ConnectionResetError


def owner_of(name: str) -> str:
    return name.split("/")[0]


def error(status: int, message: str, code: str = "", headers: dict[str, str] | None = None) -> Response:
    """An error as the Hub answers it."""
    headers = {**(headers or {}), "X-Error-Message": message} | ({"X-Error-Code": code} if code else {})
    return JSONResponse({"error": message}, status, headers)


def ranged(request: Request, content: bytes, headers: dict[str, str] | None = None) -> Response:
    """A file, or the part of it that was asked for."""
    headers = dict(headers or {})
    asked = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
    if asked:
        start, end = int(asked[1]), int(asked[2] or len(content) - 1)
        headers["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
        content = content[start : end + 1]
    headers["Content-Length"] = str(len(content))
    if request.method == "HEAD":
        return Response(status_code=200, headers=headers)
    return StreamingResponse(iter([content]), 206 if asked else 200, headers)


# What a Hub can do instead of answering: an address without a server, or a fault of the local Hub.
FAULTS = {
    "refused": "http://127.0.0.1:9",
    "silent": Fault(".", "silent"),
    "status 500": Fault(".", "500"),
    "cut halfway": Fault("GET /store/", "cut"),
    "altered": Fault("GET /store/", "alter"),
}
