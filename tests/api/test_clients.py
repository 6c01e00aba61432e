"""The clients in docs/clients/ against a real site: nothing is lost, nothing counts twice, errors are clear."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gamify_site.api import keys
from gamify_site.api.app import api
from leaderboards.definitions import Board
from leaderboards.services import boards
from tests.sites import ROOT, Site

pytestmark = pytest.mark.xdist_group("api_site")  # one worker, which starts the site once

CLIENTS = ROOT / "docs/clients"
EVENTS = 600  # more than one batch

# Programs that use the clients: `events` writes some events, every other command is one call. Each command has a new
# client, since none resends by itself events that were refused before; one program takes all commands of a test, since
# starting a program takes longer than the calls.
PYTHON = """
import json, os, sys
sys.path.insert(0, {folder!r})
from gamify import Gamify, GamifyError
errors = []
for what, *rest in json.loads(sys.argv[1]):
    gamify = Gamify(os.environ["GAMIFY_URL"], os.environ["GAMIFY_KEY"], flush_seconds=1000, pause=0.01)
    try:
        if what == "events":
            for _ in range(int(rest[1])):
                gamify.event("alice", rest[0])
        else:
            call = {{"score": gamify.submit_score, "top": gamify.top, "place": gamify.place}}[what]
            print(json.dumps(call(*rest[:2], *map(float, rest[2:]))))
        gamify.close()
    except GamifyError as error:
        errors.append(str(error))
if errors:
    sys.exit("\\n".join(errors))
"""
JAVASCRIPT = """
import {{ Gamify, GamifyError }} from {file};
for (const [what, ...rest] of JSON.parse(process.argv[2])) {{
  const site = {{ url: process.env.GAMIFY_URL, key: process.env.GAMIFY_KEY }};
  const gamify = new Gamify({{ ...site, flushSeconds: 1000, pause: 0.01 }});
  try {{
    if (what === "events") for (let i = 0; i < Number(rest[1]); i++) gamify.event("alice", rest[0]);
    else if (what === "score") console.log(JSON.stringify(await gamify.submitScore(rest[0], rest[1], Number(rest[2]))));
    else console.log(JSON.stringify(await gamify[what](...rest)));
    await gamify.close();
  }} catch (error) {{
    if (!(error instanceof GamifyError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }}
}}
process.exit(); // a client that failed still waits for its next attempt
"""
RUNTIMES = {"python": sys.executable, "javascript": shutil.which("node"), "bash": shutil.which("bash")}


def require(language: str) -> str:
    """The program that runs a language's client; skips the test where this machine has none."""
    path = RUNTIMES[language]
    if path is None or (language == "bash" and shutil.which("curl") is None):
        pytest.skip(f"{language}: node, or bash and curl, are not on the PATH; its client is not run")
    return path


@pytest.fixture(params=list(RUNTIMES))
def client(request: pytest.FixtureRequest, tmp_path: Path) -> "Client":
    return Client(request.param, require(request.param), tmp_path)


class Client:
    """One of the clients, run as a program."""

    def __init__(self, language: str, program: str, folder: Path) -> None:
        self.language = language
        self.folder = folder
        self.command = [program, str(CLIENTS / "gamify.sh")]
        if language == "python":
            self.command = [program, "-c", PYTHON.format(folder=str(CLIENTS))]
        elif language == "javascript":
            script = folder / "run.mjs"
            script.write_text(JAVASCRIPT.format(file=json.dumps((CLIENTS / "gamify.js").as_uri())), "utf-8")
            self.command = [program, str(script)]

    def run(self, address: str, key: str, *commands: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run commands, each with its arguments: in one program, or with bash in one after the other."""
        environment = os.environ | {
            "GAMIFY_URL": address, "GAMIFY_KEY": key, "GAMIFY_PAUSE": "0.01", "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip
        if self.language != "bash":
            return self._start([json.dumps(commands)], "", environment)
        done = []
        for what, *rest in commands:
            lines = f'{{"player":"alice","action":"{rest[0]}"}}\n' * int(rest[1]) if what == "events" else ""
            done.append(self._start([what, *rest], lines, environment))
        code = max(it.returncode for it in done)
        said, errors = ("".join(getattr(it, name) for it in done) for name in ("stdout", "stderr"))
        return subprocess.CompletedProcess(self.command, code, said, errors)

    def _start(self, arguments: list[str], lines: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.command, *arguments],
            env=environment,
            cwd=self.folder,
            input=lines,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def answers(self, address: str, key: str, *commands: Sequence[str]) -> list[Any]:
        """Run commands that succeed, and return what they print; for events that is something in bash alone."""
        done = self.run(address, key, *commands)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    """Hold the secrets of the keys that this module has created, by scope."""
    return {}


@pytest.fixture
def secrets(site_data: None, made: dict[str, str]) -> dict[str, str]:  # noqa: ARG001  (services work on the site)
    """Define a board for each client and create a key of each scope, unless they are there; return the secrets."""
    if not made:
        for language in RUNTIMES:
            boards.define(Board(slug=f"coins-{language}", name=f"Coins, {language}", action=f"coin-{language}"))
        boards.define(Board(slug="laps", name="Laps", combine="best"))
        made |= {scope: keys.create(f"may {scope}", scope, by="root")[1] for scope in keys.SCOPES}
    return made


@pytest.fixture
def key(secrets: dict[str, str]) -> str:
    return secrets["write"]


class LosingProxy:
    """Passes connections on to a site; of the first POST it swallows the answer and closes instead."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.posts = self.lost = 0
        self._counting = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._run, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        """One request and its answer; then both sides are closed, so that each request has a connection of its own."""
        with connection, socket.create_connection(("127.0.0.1", self.port), timeout=30) as upstream:
            connection.settimeout(30)
            head, body = self._request(connection)
            is_first_post = False
            with self._counting:
                if head.startswith(b"POST"):
                    self.posts += 1
                    is_first_post = self.posts == 1
            upstream.sendall(head.replace(b"\r\n", b"\r\nConnection: close\r\n", 1) + b"\r\n\r\n" + body)
            answer = b"".join(iter(lambda: upstream.recv(65536), b""))
            if is_first_post:
                assert b" 200 " in answer.splitlines()[0]
                self.lost += 1
            else:
                connection.sendall(answer)

    @staticmethod
    def _request(connection: socket.socket) -> tuple[bytes, bytes]:
        received = b""
        while b"\r\n\r\n" not in received:
            chunk = connection.recv(65536)
            if not chunk:
                return b"", b""
            received += chunk
        head, _, body = received.partition(b"\r\n\r\n")
        head = re.sub(rb"(?i)\r\n(connection|keep-alive): [^\r]*", b"", head)
        length = int((re.search(rb"(?i)content-length: *(\d+)", head) or [b"", b"0"])[1])
        while len(body) < length:
            body += connection.recv(65536)
        return head, body


def test_batch_arrives_once_also_when_an_answer_is_lost(client: Client, site: Site, key: str) -> None:
    proxy = LosingProxy(site.port)
    language = client.language
    written, asked = ("events", f"coin-{language}", str(EVENTS)), ("place", f"coins-{language}", "alice")
    try:
        *_, place = client.answers(proxy.address, key, written, asked)
    finally:
        proxy.close()
    assert (proxy.lost, proxy.posts) == (1, 3)  # two batches, one of them twice
    assert place["score"] == EVENTS


def test_score_is_submitted_and_the_top_is_read(client: Client, site: Site, key: str) -> None:
    player = f"bob-{client.language}"
    commands = (("score", "laps", player, "61"), ("top", "laps"), ("place", "laps", player))
    submitted, top, place = client.answers(site.address, key, *commands)
    assert submitted["score"] == 61
    assert {"player": player, "score": 61}.items() <= next(it for it in rows(top) if it["player"] == player).items()
    assert (place["score"], place["rank"] >= 1) == (61, True)


def rows(top: Any) -> list[dict[str, Any]]:
    """The script prints the whole answer, the others give its rows."""
    return top["rows"] if isinstance(top, dict) else top


def test_bad_key_gives_a_clear_error(client: Client, site: Site) -> None:
    done = client.run(site.address, "gk_nonsense", ("score", "laps", "alice", "5"))
    assert done.returncode == 1
    assert "401" in done.stderr
    assert "Show a key" in done.stderr
    assert "Traceback" not in done.stderr


def test_key_that_may_only_read_gives_a_clear_error(client: Client, site: Site, secrets: dict[str, str]) -> None:
    done = client.run(site.address, secrets["read"], ("events", "coin", "1"))
    assert done.returncode == 1
    assert "403" in done.stderr
    assert "may only read" in done.stderr


class Scripted(ThreadingHTTPServer):
    """A site that answers POST with the statuses given, then with 200; remembers what it was asked."""

    def __init__(self, *statuses: int) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.statuses = list(statuses)
        self.asked: list[tuple[str, bytes]] = []  # Idempotency-Key and body
        self.address = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class Answering(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Scripted)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.headers["Idempotency-Key"], body))
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        told: dict[str, Any] = {"accepted": 1, "duplicates": 0, "rejected": [], "unlocked": [], "no_listeners": []}
        answer = json.dumps(told if status == 200 else {"title": "No", "detail": "Not now.", "status": status}).encode()
        self.send_response(status)
        if status in (409, 429, 503):
            self.send_header("Retry-After", "0")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_what_may_pass_is_tried_again_as_it_was(client: Client) -> None:
    with Scripted(503, 429, 409) as scripted:
        client.answers(scripted.address, "gk_any", ("events", "coin", "1"))
    assert len(scripted.asked) == 4
    assert len(set(scripted.asked)) == 1
    event = json.loads(scripted.asked[0][1])["events"][0]
    assert re.match(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", event["id"])
    assert scripted.asked[0][0]


def test_what_is_wrong_is_not_tried_again(client: Client) -> None:
    statuses = [400, 401, 403, 404, 413, 422]
    # Whatever is sent twice takes the status that is meant for the next one.
    with Scripted(*statuses, *[422] * 9) as scripted:
        done = client.run(scripted.address, "gk_any", *[("events", "coin", "1")] * len(statuses))
    assert done.returncode == 1
    assert [int(status) for status in re.findall(r"^\D*(\d{3})\b", done.stderr, re.MULTILINE)] == statuses
    assert len(scripted.asked) == len(statuses)


def test_csharp_calls_only_paths_that_exist() -> None:
    called = re.findall(r'Call\("(\w+)", \$?"([^"?]+)', (CLIENTS / "Gamify.cs").read_text("utf-8"))
    assert len(called) == 4
    paths = {re.sub(r"\{\w+\}", "{}", path): methods for path, methods in api.get_openapi_schema()["paths"].items()}
    for method, path in called:
        path = "/api/v1" + re.sub(r"\{Escape\(\w+\)\}", "{}", path)
        assert method.lower() in paths[path], f"{method} {path}"


def test_csharp_compiles(tmp_path: Path) -> None:
    """Against stand-ins for what it uses of Unity."""
    compiler = shutil.which("mcs")
    if compiler is None:
        pytest.skip("mcs is not on the PATH: the client for Unity is not compiled")
    stubs = Path(__file__).with_name("unity.cs")
    done = subprocess.run(
        [compiler, "-target:library", f"-out:{tmp_path}/gamify.dll", str(CLIENTS / "Gamify.cs"), str(stubs)],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_client_holds_a_key(subtests: pytest.Subtests) -> None:
    files = sorted(it for it in CLIENTS.iterdir() if it.is_file())
    assert {"gamify.py", "gamify.js", "gamify.sh", "Gamify.cs"} <= {file.name for file in files}
    for file in files:
        with subtests.test(file=file.name):
            assert not re.search(r"gk_[A-Za-z0-9_-]{20,}", file.read_text("utf-8"))


def test_python_keeps_what_was_refused_and_sends_it_as_it_was(tmp_path: Path) -> None:
    program = f"""
import sys
sys.path.insert(0, {str(CLIENTS)!r})
from gamify import Gamify, GamifyError
gamify = Gamify(sys.argv[1], "gk_any", flush_seconds=1000)
gamify.event("alice", "coin")
try:
    gamify.flush()
except GamifyError as error:
    assert error.status == 403
gamify.event("bob", "coin")
assert len(gamify.flush()) == 2
"""
    with Scripted(403) as scripted:
        command = [sys.executable, "-B", "-c", program, scripted.address]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    first, again, second = scripted.asked
    assert first == again != second


def test_bash_keeps_what_was_refused_in_a_file_that_counts_once(tmp_path: Path) -> None:
    client = Client("bash", require("bash"), tmp_path)
    with Scripted(403) as scripted:
        assert client.run(scripted.address, "gk_any", ("events", "coin", "2")).returncode == 1
        (unsent,) = tmp_path.glob("gamify-unsent-*.jsonl")
        environment = os.environ | {"GAMIFY_URL": scripted.address, "GAMIFY_KEY": "gk_any"}
        with unsent.open() as lines:
            subprocess.run([*client.command, "events"], env=environment, stdin=lines, capture_output=True, check=True)
    first, again = (json.loads(body) for _key, body in scripted.asked)
    assert first == again
    assert len({event["id"] for event in first["events"]}) == 2
