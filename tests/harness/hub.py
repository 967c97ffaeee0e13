"""A small Hub on 127.0.0.1 for the real clients: repositories, commits, LFS, redirects, tokens, and faults.

It has what huggingface_hub 2.4 and datasets 5.2 ask for: one branch, no pull requests, no multipart uploads,
no Xet. As on the Hub, creating a repository that exists answers 409 with its address, and a repository that
the user may not see does not exist. Large files go through LFS, from another origin.
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
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from handwriting import dataset
from publish import main
from tests.harness import CLEAN, ROOT, called

# The account of the tests. The documents print this name, so that what they print runs unchanged.
OWNER = "OWNER"
MODEL = f"{OWNER}/mnixel-cnn"
DATASET = SPACE = f"{OWNER}/mnixel"
STATIC = f"{OWNER}/mnixel-static"
TOKENS = {"hf_write": (OWNER, "write"), "hf_read": (OWNER, "read"), "hf_other": ("somebody", "write")}
LARGE = (".safetensors", ".parquet", ".png")  # what the Hub keeps outside git
PREFIX = {"model": "", "dataset": "datasets/", "space": "spaces/"}
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def client(hub: LocalHub, home: Path, *command: str, token: str = "hf_write", cwd: Path = ROOT, **more: str):
    """Run a command as somebody whose cache is in `home`, and empty at first."""
    environment = {**CLEAN, "PATH": PATH, **hub.environment(home, token), **more}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=240)


@cache
def few_drawn() -> Path:
    """A folder as `python -m handwriting build` writes it, with few digits."""
    folder = Path(tempfile.mkdtemp())
    dataset.build(folder, sizes={"train": 40, "test": 20}, workers=1)
    return folder


def publish(hub: LocalHub, home: Path, *arguments: str, token: str = "hf_write", **more):
    """Run publish.py with a few drawn digits instead of 70,000, in this process unless it needs its own."""
    if arguments[0] in ("all", "dataset") and not {"--dry-run", "--drawn"} & set(arguments):
        arguments = (*arguments, "--drawn", str(few_drawn()))
    if hub.url == os.environ["HF_ENDPOINT"] and not more:
        return called(main, *arguments, HF_TOKEN=token, HF_ENDPOINT=hub.url)
    return client(hub, home, sys.executable, "publish.py", *arguments, token=token, **more)


def published(hub: LocalHub, home: Path, *arguments: str, **more) -> str:
    """The output of publish.py, which must succeed."""
    done = publish(hub, home, *arguments, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def refusal(hub: LocalHub, home: Path, *arguments: str, **more) -> str:
    """The error message of publish.py, which must fail."""
    return one_sentence(publish(hub, home, *arguments, **more), "python publish.py")


def one_sentence(done, program: str) -> str:
    """The error message of a command that failed: one line."""
    assert done.returncode == 1, done.stdout + done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith(f"{program}: ")]
    assert len(lines) == 1 and "Traceback" not in done.stderr, done.stderr
    return lines[0].removeprefix(f"{program}: ")


def blocks(text: str, language: str = "") -> list[str]:
    """The code blocks of a Markdown text."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.S | re.M)
    return [body for name, body in found if name == language]


@dataclass(frozen=True)
class File:
    """One file of a commit. Large ones have a SHA-256."""

    content: bytes
    sha256: str = ""

    @property
    def oid(self) -> str:
        """Git's hash of the file; for a large file, of its pointer."""
        body = self.content
        if self.sha256:
            version = "version https://git-lfs.github.com/spec/v1"
            body = f"{version}\noid sha256:{self.sha256}\nsize {len(body)}\n".encode()
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
    commits: list[tuple[str, dict[str, File]]] = field(default_factory=list)  # sha and files

    @property
    def path(self) -> str:
        return f"{PREFIX[self.kind]}{self.name}"

    def commit(self, files: dict[str, File]) -> str:
        oids = sorted((path, file.oid) for path, file in files.items())
        seed = json.dumps([self.kind, self.name, len(self.commits), oids])
        self.commits.append((hashlib.sha1(seed.encode()).hexdigest(), files))
        return self.commits[-1][0]

    def at(self, revision: str) -> tuple[str, dict[str, File]]:
        for sha, files in reversed(self.commits):
            if revision in ("main", sha):
                return sha, files
        raise Refusal(404, "Revision not found", "RevisionNotFound")

    def runtime(self) -> dict:
        hardware = dict.fromkeys(("current", "requested"), self.hardware or "cpu-basic")
        return {"stage": "RUNNING", "hardware": hardware}

    def info(self, revision: str = "main") -> dict:
        sha, files = self.at(revision)
        stamp = "2026-01-01T00:00:00.000Z"
        record = {"_id": "0" * 24, "id": self.name, "sha": sha, "private": self.private, "gated": self.gated}
        record |= {"siblings": [{"rfilename": path} for path in sorted(files)], "disabled": False}
        record |= {"lastModified": stamp, "createdAt": stamp, "tags": [], "downloads": 0, "likes": 0}
        return record | ({"sdk": self.sdk, "runtime": self.runtime()} if self.kind == "space" else {})


class Refusal(Exception):
    """An error as the Hub answers it."""

    def __init__(self, status: int, message: str, code: str = "", headers: dict[str, str] | None = None):
        headers = {**(headers or {}), "X-Error-Message": message} | ({"X-Error-Code": code} if code else {})
        self.response = JSONResponse({"error": message}, status, headers)


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

    def __init__(self, transfer: str = "redirect", paid: bool = True, port: int = 0):
        # `transfer` of a large file is "direct" or "redirect".
        self.transfer, self.paid = transfer, paid
        # How many Gradio Spaces on ZeroGPU an account without a plan may have: none in its first 30 days.
        self.zero = 2
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.objects: dict[str, bytes] = {}  # LFS, by SHA-256
        self.faults: list[Fault] = []
        self.log: list[str] = []  # "METHOD path"
        # Requests to the file store that carried the Hub's token.
        self.leaks: list[str] = []
        # `held` is set when a fault holds a request; `release` lets it go on.
        self.held, self.release = threading.Event(), threading.Event()
        self.port = port or int(os.environ["HF_ENDPOINT"].rpartition(":")[2])
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
        """The rows of every .jsonl file of a dataset; none if there is no such repository."""
        files = self.files("dataset", dataset) if ("dataset", dataset) in self.repositories else {}
        lines = [text.splitlines() for path, text in files.items() if path.endswith(".jsonl")]
        return [json.loads(line) for each in lines for line in each]

    def files(self, kind: str, name: str) -> dict[str, bytes]:
        """What the newest commit holds."""
        return {path: file.content for path, file in self.repository(kind, name).commits[-1][1].items()}

    def put(self, kind: str, name: str, files: dict[str, bytes] | Path, **settings) -> str:
        """Commit files, or those of a folder, as a user's push would; returns the commit."""
        if isinstance(files, Path):
            paths = sorted(path for path in files.rglob("*") if path.is_file())
            files = {path.relative_to(files).as_posix(): path.read_bytes() for path in paths}
        repository = self.repositories.setdefault((kind, name), Repository(kind, name))
        for key, value in settings.items():
            setattr(repository, key, value)
        new = dict(repository.commits[-1][1]) if repository.commits else {}
        for path, content in files.items():
            sha = hashlib.sha256(content).hexdigest() if path.endswith(LARGE) else ""
            if sha:
                self.objects[sha] = content
            new[path] = File(content, sha)
        return repository.commit(new)

    # --- requests ---

    @staticmethod
    def user(request: Request) -> tuple[str, str] | None:
        """Account and role of the token, None without one."""
        header = request.headers.get("authorization")
        if header and header.removeprefix("Bearer ") not in TOKENS:
            raise Refusal(401, "Invalid credentials in Authorization header")
        return TOKENS[header.removeprefix("Bearer ")] if header else None

    def visible(self, request: Request, kind: str, name: str) -> Repository:
        """The repository. Refuses what the user may not do with it."""
        user, repository = self.user(request), self.repositories.get((kind, name))
        is_owner = bool(user) and user[0] == name.split("/")[0]
        if repository is None or repository.private and not is_owner:
            raise Refusal(404 if user else 401, "Repository not found", "RepoNotFound")
        if repository.gated and "/resolve/" in request.url.path and not is_owner:
            raise Refusal(403 if user else 401, "Access to this repository is restricted", "GatedRepo")
        if request.method == "POST" and not (is_owner and user[1] == "write"):
            raise Refusal(403 if user else 401, "You don't have the rights to write to this repository")
        return repository

    async def whoami(self, request: Request) -> Response:
        name, role = self.user(request)
        access = {"type": "access_token", "accessToken": {"displayName": "test", "role": role}}
        return JSONResponse({"type": "user", "name": name, "orgs": [], "isPro": self.paid, "auth": access})

    async def create(self, request: Request) -> Response:
        asked, user = await request.json(), self.user(request)
        kind = asked.get("type") or "model"
        owner = asked.get("organization") or user[0]
        name = f"{owner}/{asked['name']}"
        if user != (owner, "write"):
            raise Refusal(403, f"You don't have the rights to create a {kind} for {owner}")
        made = Repository(kind, name, bool(asked.get("private")) or asked.get("visibility") == "private")
        made.sdk, made.hardware = asked.get("sdk"), asked.get("hardware")
        url = f"{self.url}/{made.path}"
        if (kind, name) in self.repositories:
            return JSONResponse({"error": "You already created this repo", "url": url}, 409)
        if made.sdk == "gradio" and not self.paid:
            if made.hardware != "zero-a10g":
                raise Refusal(402, "A PRO subscription is required to create Gradio Spaces on free hardware")
            if sum(each.hardware == "zero-a10g" for each in self.repositories.values()) >= self.zero:
                raise Refusal(403, f"You may have {self.zero} ZeroGPU Spaces")
        made.commit({".gitattributes": File(b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n")})
        self.repositories[kind, name] = made
        return JSONResponse({"url": url, "name": name, "id": name})

    async def preupload(self, request: Request, repository: Repository) -> Response:
        sha, files = repository.at("main")
        rows = []
        for asked in (await request.json())["files"]:
            old = files.get(asked["path"])
            is_large = asked["path"].endswith(LARGE) or asked["size"] > 10_000_000
            row = {"path": asked["path"], "uploadMode": "lfs" if is_large else "regular"}
            rows.append(row | {"shouldIgnore": False, "oid": old and (old.sha256 or old.oid)})
        return JSONResponse({"files": rows, "commitOid": sha})

    async def commit(self, request: Request, repository: Repository) -> Response:
        sha, files = repository.at("main")
        files = dict(files)
        for line in (await request.body()).splitlines():
            item = json.loads(line)
            key, value = item["key"], item["value"]
            if key == "header" and value.get("parentCommit") not in (None, sha):
                raise Refusal(412, "A commit has happened since. Please refresh and try again.")
            if key == "file":
                files[value["path"]] = File(base64.b64decode(value["content"]))
            elif key == "lfsFile":
                files[value["path"]] = File(self.objects[value["oid"]], value["oid"])
            elif key == "deletedFile":
                del files[value["path"]]
        new = repository.commit(files)
        url = f"{self.url}/{repository.path}/commit/{new}"
        return JSONResponse({"success": True, "commitOid": new, "commitUrl": url})

    async def batch(self, request: Request, repository: Repository) -> Response:
        rows = []
        for wanted in (await request.json())["objects"]:
            row = {"oid": wanted["oid"], "size": wanted["size"]}
            if wanted["oid"] not in self.objects:
                row["actions"] = {"upload": {"href": f"{self.store}/store/{wanted['oid']}"}}
            rows.append(row)
        return JSONResponse({"transfer": "basic", "objects": rows})

    async def object(self, request: Request) -> Response:
        """The file store, which does not need the Hub's token."""
        if request.headers.get("authorization"):
            self.leaks.append(f"{request.method} {request.url.path}")
        oid = request.path_params["oid"]
        if request.method != "PUT":
            return ranged(request, self.objects[oid])
        body = await request.body()
        assert hashlib.sha256(body).hexdigest() == oid
        self.objects[oid] = body
        return Response()

    async def tree(self, request: Request, files: dict[str, File], folder: str) -> Response:
        is_recursive = request.query_params.get("recursive") in ("true", "True", "1")
        prefix, rows, folders = f"{folder}/" if folder else "", [], set()
        for path, file in sorted(files.items()):
            first, slash, _ = path.removeprefix(prefix).partition("/")
            if path.startswith(prefix) and slash and not is_recursive:
                folders.add(prefix + first)
            elif path.startswith(prefix):
                row = {"type": "file", "oid": file.oid, "size": len(file.content), "path": path}
                large = {"oid": file.sha256, "size": len(file.content), "pointerSize": 131}
                rows.append(row | ({"lfs": large} if file.sha256 else {}))
        if folder and not rows and not folders:
            raise Refusal(404, "Entry not found", "EntryNotFound")
        rows += [{"type": "directory", "oid": "0" * 40, "size": 0, "path": path} for path in sorted(folders)]
        return JSONResponse(rows)

    def resolve(self, request: Request, sha: str, files: dict[str, File], path: str) -> Response:
        headers = {"X-Repo-Commit": sha}
        if path not in files:
            raise Refusal(404, "Entry not found", "EntryNotFound", headers)
        file = files[path]
        headers["ETag"] = f'"{file.sha256 or file.oid}"'
        if file.sha256:
            headers |= {"X-Linked-Size": str(len(file.content)), "X-Linked-ETag": headers["ETag"]}
        if not file.sha256 or self.transfer == "direct":
            return ranged(request, file.content, headers)
        return RedirectResponse(f"{self.store}/store/{file.sha256}", 302, headers)

    # --- routing ---

    async def api(self, request: Request) -> Response:
        """/api/{kind}s/{owner}/{name}/..."""
        kind, owner, name, rest = re.fullmatch(
            r"/api/(\w+)s/([^/]+)/([^/]+)/?(.*)", request.url.path
        ).groups()
        repository = self.visible(request, kind, f"{owner}/{name}")
        verb, _, rest = rest.partition("/")
        if verb == "super-squash":
            _, files = repository.commits.pop()
            repository.commits = []
            repository.commit(files)
            return Response()
        if verb == "variables":
            if request.method == "POST":
                row = await request.json()
                repository.variables[row["key"]] = row["value"]
            rows = {key: {"key": key, "value": value} for key, value in repository.variables.items()}
            return JSONResponse(rows)
        if verb == "hardware":
            repository.hardware = (await request.json())["flavor"]
        if verb in ("hardware", "runtime"):
            return JSONResponse(repository.runtime())
        if verb == "preupload":
            return await self.preupload(request, repository)
        if verb == "commit":
            return await self.commit(request, repository)
        revision, _, folder = rest.partition("/")
        if verb == "tree":
            return await self.tree(request, repository.at(revision)[1], folder)
        assert verb in ("", "revision"), verb
        return JSONResponse(repository.info(revision or "main"))

    async def web(self, request: Request) -> Response:
        """/{owner}/{name}/resolve/... and /{owner}/{name}.git/..., with the prefix of their kind."""
        pattern = r"/(datasets/|spaces/|)([^/]+/[^/]+?)(\.git/info/lfs/objects/batch|/resolve/([^/]+)/(.+))"
        match = re.fullmatch(pattern, request.url.path)
        if match is None:
            raise Refusal(404, "No such page")
        kind = match[1].removesuffix("s/") or "model"
        repository = self.visible(request, kind, match[2])
        if match[3].startswith(".git"):
            return await self.batch(request, repository)
        return self.resolve(request, *repository.at(match[4]), match[5])

    def application(self):
        routes = [
            Route("/api/whoami-v2", self.whoami),
            Route("/api/repos/create", self.create, methods=["POST"]),
            Route(
                "/api/validate-yaml", lambda _: JSONResponse({"errors": [], "warnings": []}), methods=["POST"]
            ),
            Route("/store/{oid}", self.object, methods=["GET", "PUT"]),
            Route("/api/{path:path}", self.api, methods=["GET", "POST"]),
            Route("/{path:path}", self.web, methods=["GET", "POST"]),
        ]
        # As on the Hub, pages of other sites may read public files.
        shared = Middleware(CORSMiddleware, allow_origins=["*"])
        refused = {Refusal: lambda request, refusal: refusal.response}
        return Faulty(Starlette(routes=routes, middleware=[shared], exception_handlers=refused), self)

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
    """The application, with the faults that a test asks for."""

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
        """Wait until the test lets the request go on."""
        self.hub.held.set()
        while not self.hub.release.is_set():
            await anyio.sleep(0.02)

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http":
            return await self.application(scope, receive, send)
        line = f"{scope['method']} {scope['path']}"
        self.hub.log.append(line)
        fault = self.fault(line)
        if fault and fault.act == "silent":
            await anyio.sleep_forever()
        if fault and fault.act == "hold" and not fault.after:
            await self.hold()
            fault = None
        if fault is None:
            try:
                return await self.application(scope, receive, send)
            except ClientDisconnect:
                return
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
            # uvicorn then closes the connection in the middle of the body.
            raise ConnectionResetError


def ranged(request: Request, content: bytes, headers: dict[str, str] | None = None) -> Response:
    """A file, or the part of it that was asked for."""
    asked = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
    if not asked:
        return Response(content, headers=headers)
    start, end = int(asked[1]), int(asked[2] or len(content) - 1)
    part = {"Content-Range": f"bytes {start}-{end}/{len(content)}"}
    return Response(content[start : end + 1], 206, {**(headers or {}), **part})
