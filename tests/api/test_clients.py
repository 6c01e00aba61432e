"""The clients in docs/clients/ against a real site: nothing is lost, nothing counts twice, errors are clear."""

import gzip
import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gamify_site.api import keys
from gamify_site.api.app import api
from leaderboards.definitions import Board
from leaderboards.services import boards
from tests.achievements.builders import make
from tests.sites import ROOT, Site

pytestmark = pytest.mark.xdist_group("api_site")  # one worker, which starts the site once

CLIENTS = ROOT / "docs/clients"
EVENTS = 600  # more than one batch

# Programs that use the clients: `events` reports events, `refused` reports some that cannot be sent and a good one,
# `again` flushes after each event, `flood` reports 25 MB at once; every other command is one call. Each command has a
# new client; one program takes all commands of a test, since its start takes longer than the calls.
PYTHON = """
import json, os, sys
sys.path.insert(0, {folder!r})
from gamify import Gamify, GamifyError
def tell(*words):
    print(*words, file=sys.stderr)
def dropped(event, reason):
    tell("dropped:", reason, json.dumps({{**event, "item": ""}}))
def skipped(event, boards):
    tell("skipped:", *boards, json.dumps(event))
def unlocked(unlock):
    tell("unlocked:", json.dumps(unlock))
def attempt(call, *arguments, **fields):
    try:
        call(*arguments, **fields)
    except (GamifyError, TypeError, ValueError) as error:
        tell(type(error).__name__, error)
for what, *rest in json.load(sys.stdin):
    site = os.environ["GAMIFY_URL"], os.environ["GAMIFY_KEY"]
    reports = {{"on_dropped": dropped, "on_skipped": skipped, "on_unlocked": unlocked}}
    gamify = Gamify(*site, flush_seconds=1000, pause=0.001, **reports)
    if what == "events":
        for event in rest[0]:
            gamify.event(**event)
    elif what == "refused":
        for value in (float("nan"), float("-inf"), object(), "x" * 1048576):
            attempt(gamify.event, "alice", "coin", item=value)
        attempt(gamify.submit_score, "laps", "alice", float("nan"))
        gamify.event("alice", "coin")
    elif what == "again":
        for player in rest[0]:
            gamify.event(player, "coin")
            attempt(gamify.flush)
    elif what == "flood":
        for number in range(25):
            gamify.event("alice", "coin", amount=number, item="x" * 1000000)
    else:
        call = {{"score": gamify.submit_score, "top": gamify.top, "place": gamify.place}}[what]
        attempt(lambda: print(json.dumps(call(*rest))))
    attempt(gamify.close)
"""
JAVASCRIPT = """
import {{ readFileSync }} from "node:fs";
import {{ Gamify }} from {file};
const tell = (...words) => console.error(...words);
const onDropped = (event, reason) => tell("dropped:", reason, JSON.stringify({{ ...event, item: "" }}));
const onSkipped = (event, boards) => tell("skipped:", ...boards, JSON.stringify(event));
const onUnlocked = (unlock) => tell("unlocked:", JSON.stringify(unlock));
async function attempt(call) {{
  try {{
    await call();
  }} catch (error) {{
    tell(error.constructor.name, error.message);
  }}
}}
for (const [what, ...rest] of JSON.parse(readFileSync(0, "utf-8"))) {{
  const site = {{ url: process.env.GAMIFY_URL, key: process.env.GAMIFY_KEY }};
  const gamify = new Gamify({{ ...site, flushSeconds: 1000, pause: 0.001, onDropped, onSkipped, onUnlocked }});
  if (what === "events") {{
    for (const {{ player, action, ...fields }} of rest[0]) gamify.event(player, action, fields);
  }} else if (what === "refused") {{
    for (const value of [NaN, -Infinity, 1n, new Date(NaN), () => 1, "x".repeat(1048576)]) {{
      await attempt(() => gamify.event("alice", "coin", {{ item: value }}));
    }}
    await attempt(() => gamify.submitScore("laps", "alice", NaN));
    gamify.event("alice", "coin");
  }} else if (what === "again") {{
    for (const player of rest[0]) {{
      gamify.event(player, "coin");
      await attempt(() => gamify.flush());
    }}
  }} else if (what === "flood") {{
    for (let amount = 0; amount < 25; amount++) gamify.event("alice", "coin", {{ amount, item: "x".repeat(1000000) }});
  }} else {{
    const call = what === "score" ? "submitScore" : what;
    await attempt(async () => console.log(JSON.stringify(await gamify[call](...rest))));
  }}
  await attempt(() => gamify.close());
}}
"""
# Lines that are no events, for the script.
NOT_EVENTS = (
    '{"player":"alice","action":"coin","value":NaN}',
    '{"player":"alice","action":"coin","value":-Infinity}',
    '{"player":"alice","action":"coin"},{"player":"alice","action":"coin"}',
    '{"player":"alice","action":"coin"',
    "coin",
    f'{{"player":"alice","action":"coin","item":"{"x" * 1_048_576}"}}',
)
RUNTIMES = {"python": (sys.executable,), "javascript": ("node",), "bash": ("bash", "curl"), "csharp": ("mono", "mcs")}
LANGUAGES = [it for it in RUNTIMES if it != "csharp" or shutil.which("mono")]  # Unity is rare: one test is skipped


def require(language: str) -> str:
    """Return the program that runs a language's client; skip the test if this machine has none."""
    for program in RUNTIMES[language]:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not on the PATH: the client for {language} is not run")
    return RUNTIMES[language][0]


@pytest.fixture(scope="module")
def unity(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile the client for Unity against a stand-in for what it uses of Unity."""
    require("csharp")
    program = tmp_path_factory.mktemp("unity") / "gamify.exe"
    sources = [CLIENTS / "Gamify.cs", Path(__file__).with_name("unity.cs")]
    command = ["mcs", "-warnaserror", "-r:System.Runtime.Serialization", f"-out:{program}", *map(str, sources)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return program


@pytest.fixture(params=LANGUAGES)
def client(request: pytest.FixtureRequest, tmp_path: Path) -> "Client":
    program = require(request.param)
    if request.param == "csharp":
        return Client("csharp", program, tmp_path, request.getfixturevalue("unity"))
    return Client(request.param, program, tmp_path)


class Client:
    """One of the clients, run as a program."""

    def __init__(self, language: str, program: str, folder: Path, script: Path = CLIENTS / "gamify.sh") -> None:
        self.language = language
        self.folder = folder
        self.command = [program, str(script)]
        if language == "python":
            self.command = [program, "-c", PYTHON.format(folder=str(CLIENTS))]
        elif language == "javascript":
            script = folder / "run.mjs"
            script.write_text(JAVASCRIPT.format(file=json.dumps((CLIENTS / "gamify.js").as_uri())), "utf-8")
            self.command = [program, str(script)]

    def run(self, address: str, key: str, *commands: Sequence[Any]) -> subprocess.CompletedProcess[str]:
        """Run commands, each with its arguments: in one program, or with bash in one after the other."""
        environment = os.environ | {
            "GAMIFY_URL": address, "GAMIFY_KEY": key, "GAMIFY_PAUSE": "0.001", "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip
        if self.language == "csharp":
            return self._start([], "".join(self._lines(*command) for command in commands), environment)
        if self.language != "bash":
            return self._start([], json.dumps(commands), environment)
        done = []
        for what, *rest in commands:
            lines = [json.dumps(event) for event in rest[0]] if what == "events" else []
            if what == "refused":
                what, lines = "events", [*NOT_EVENTS, '{"player":"alice","action":"coin"}']
            arguments = [] if lines else map(str, rest)
            done.append(self._start([what, *arguments], "\n".join(lines), environment))
        said, errors = ("".join(getattr(it, name) for it in done) for name in ("stdout", "stderr"))
        return subprocess.CompletedProcess(self.command, max(it.returncode for it in done), said, errors)

    @staticmethod
    def _lines(what: str, *rest: Any) -> str:
        commands = [[what, *rest]]
        if what == "events":
            commands = [["event", *it.values()] for it in rest[0]]
        elif what == "again":
            commands = [[what, *rest[0]]]
        return "".join("\t".join(map(str, words)) + "\n" for words in [*commands, ["close"]])

    def _start(self, arguments: list[str], lines: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        read = self.folder / "input"  # a file: of a pipe bash reads each character alone
        read.write_text(lines, "utf-8")
        with read.open() as file:
            return subprocess.run(
                [*self.command, *arguments],
                env=environment,
                cwd=self.folder,
                stdin=file,
                capture_output=True,
                text=True,
                timeout=60,
            )

    def answers(self, address: str, key: str, *commands: Sequence[Any]) -> list[Any]:
        """Run commands that succeed, and return what they print; for events that is something in bash alone."""
        done = self.run(address, key, *commands)
        assert (done.returncode, done.stderr) == (0, "")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def unsent(self, errors: str) -> list[dict[str, Any]]:
        """Return the events that could not be sent: the script keeps them in a file, the others report them."""
        if self.language != "bash":
            return [event for reason, event in dropped(errors) if reason.startswith("Not sent: ")]
        files = sorted(self.folder.glob("gamify-unsent-*.jsonl"))
        return [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]


def coins(number: int, action: str = "coin") -> list[dict[str, Any]]:
    """Return events that only their amounts tell apart."""
    return [{"player": "alice", "action": action, "amount": 1 + index} for index in range(number)]


def dropped(errors: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the reasons and events that a client has reported."""
    found = re.findall(r"^(?:gamify: )?dropped: (.*) (\{.*\})$", errors, re.MULTILINE)
    return [(reason, json.loads(event)) for reason, event in found]


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    """Hold the secrets of the keys that this module has created, by scope."""
    return {}


@pytest.fixture
def secrets(site_data: None, made: dict[str, str]) -> dict[str, str]:  # noqa: ARG001  (services work on the site)
    """Define a board for each client and create a key of each scope, unless they are there; return the secrets."""
    if not made:
        for language in LANGUAGES:
            boards.define(Board(slug=f"coins-{language}", name=f"Coins, {language}", action=f"coin-{language}"))
        boards.define(Board(slug="laps", name="Laps", combine="best"))
        boards.define(Board(slug="leaps", name="Leaps", action="leap", combine="best"))
        make("leaper", action="leap", target=1)
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
    reported = [{"player": "alice", "action": f"coin-{language}"}] * EVENTS
    reported.insert(550, {"player": "no blanks", "action": "coin"})  # the site rejects it alone
    try:
        done = client.run(proxy.address, key, ("events", reported), ("place", f"coins-{language}", "alice"))
    finally:
        proxy.close()
    assert (proxy.lost, proxy.posts) == (1, 3)  # two batches, one of them twice
    assert json.loads(done.stdout.splitlines()[-1])["score"] == EVENTS
    ((reason, event),) = dropped(done.stderr)
    assert "player" in reason
    assert reported[550].items() <= event.items()


def test_score_is_submitted_and_the_top_is_read(client: Client, site: Site, key: str) -> None:
    player = f"bob-{client.language}"
    commands = (("score", "laps", player, 61), ("top", "laps"), ("place", "laps", player))
    *submitted, top, place = client.answers(site.address, key, *commands)
    assert all(answer["score"] == 61 for answer in submitted)  # in C# there is none
    assert {"player": player, "score": 61}.items() <= next(it for it in rows(top) if it["player"] == player).items()
    assert (place["score"], place["rank"] >= 1) == (61, True)


def rows(top: Any) -> list[dict[str, Any]]:
    """The script prints the whole answer, the others give its rows."""
    return top["rows"] if isinstance(top, dict) else top


def test_unlocks_and_skipped_boards_are_given_to_the_caller(client: Client, site: Site, key: str) -> None:
    player = f"charlie-{client.language}"
    done = client.run(site.address, key, ("events", [{"player": player, "action": "leap"}]))
    unlock = {"player": player, "achievement": "leaper", "points": 5}
    if client.language == "bash":  # which prints the answer
        answer = json.loads(done.stdout)
        assert (answer["unlocked"], answer["skipped"]) == ([unlock], [{"index": 0, "boards": ["leaps"]}])
    else:
        skipped, unlocked = (
            re.search(rf"^{name}: (.*)$", done.stderr, re.MULTILINE) for name in ("skipped", "unlocked")
        )
        assert unlocked
        assert skipped
        assert json.loads(unlocked[1]) == unlock
        board, _space, event = skipped[1].partition(" ")
        assert (board, json.loads(event)["player"]) == ("leaps", player)


def test_ids_of_other_platforms_are_percent_encoded(client: Client, site: Site, key: str) -> None:
    player = f"auth0|{client.language}:5@home"
    *_, place = client.answers(site.address, key, ("score", "laps", player, 3), ("place", "laps", player))
    assert place["score"] == 3
    assert "422" in client.run(site.address, key, ("place", "laps", f"{player}?around=1")).stderr


def test_bad_key_gives_a_clear_error(client: Client, site: Site) -> None:
    done = client.run(site.address, "gk_nonsense", ("score", "laps", "alice", 5))
    assert "401" in done.stderr
    assert "There is no such key, or it is revoked." in done.stderr
    assert "Traceback" not in done.stderr


def test_key_that_may_only_read_gives_a_clear_error(client: Client, site: Site, secrets: dict[str, str]) -> None:
    done = client.run(site.address, secrets["read"], ("events", coins(1)))
    assert "403" in done.stderr
    assert "may only read" in done.stderr
    (event,) = client.unsent(done.stderr)
    assert coins(1)[0].items() <= event.items()
    if client.language == "bash":
        advice = r"To send them and delete the file: gamify\.sh events <(\S+) && rm \1$"
        assert re.search(advice, done.stderr, re.MULTILINE)


class Scripted(ThreadingHTTPServer):
    """A site that answers POST with the statuses given, then as `judge` says; remembers what it was asked.

    `judge` takes the events and returns a status, or the indexes of those to reject.
    """

    def __init__(
        self, *statuses: int, judge: Callable[[list[dict[str, Any]]], int | list[int]] = lambda _events: []
    ) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.statuses = list(statuses)
        self.judge = judge
        self.asked: list[tuple[str, bytes]] = []  # Idempotency-Key and body
        self.counted: list[dict[str, Any]] = []
        self.address = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, key: str, body: bytes) -> tuple[int, dict[str, Any]]:
        self.asked.append((key, body))
        events = json.loads(body)["events"]
        status = self.statuses.pop(0) if self.statuses else 200
        judged = self.judge(events) if status == 200 else status
        if isinstance(judged, int):
            return judged, {"title": "No", "detail": "Not now.", "status": judged}
        self.counted += [event for index, event in enumerate(events) if index not in judged]
        rejected = [{"index": index, "reason": 'It is "bad".'} for index in judged]
        return 200, {"accepted": len(events) - len(judged), "rejected": rejected, "unlocked": []}

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class Answering(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Scripted)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        status, told = self.server.answer(self.headers["Idempotency-Key"], body)
        answer = json.dumps(told).encode()
        self.send_response(status)
        if status in (409, 429, 503):
            self.send_header("Retry-After", "0")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_what_may_pass_is_tried_again_as_it_was(client: Client) -> None:
    with Scripted(503, 429, 409, 408, 425, 200, 500, 502, 200) as scripted:
        client.answers(scripted.address, "gk_any", ("events", coins(1)), ("events", coins(1)))
    assert len(scripted.asked) == 9
    for asked in (scripted.asked[:6], scripted.asked[6:]):
        assert len(set(asked)) == 1
    event = json.loads(scripted.asked[0][1])["events"][0]
    assert re.match(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", event["id"])
    assert scripted.asked[0][0]


def test_what_is_wrong_is_not_tried_again(client: Client) -> None:
    statuses = [400, 401, 403, 404, 413, 422]
    # Whatever is sent twice takes the status that is meant for the next one.
    with Scripted(*statuses, *[422] * 9) as scripted:
        done = client.run(scripted.address, "gk_any", *[("events", coins(1))] * len(statuses))
    assert len(scripted.asked) == len(statuses)
    said = re.findall(r"^(?:dropped:|gamify: dropped:|gamify:|GamifyError|failed:) (\d+)\b", done.stderr, re.MULTILINE)
    assert [int(status) for status in said] == statuses
    assert len(client.unsent(done.stderr)) == 3  # only the key or the address is wrong: 401, 403, 404


def test_bad_events_are_found_and_dropped_alone(client: Client) -> None:
    """A site or a proxy that refuses a whole batch costs only the bad events, and no batch comes for ever."""
    bad = {3: "bad-400", 4: "bad-422", 11: "rejected", 17: "bad-422"}
    reported = coins(20)
    for index, action in bad.items():
        reported[index]["action"] = action

    def judge(events: list[dict[str, Any]]) -> int | list[int]:
        actions = [event["action"] for event in events]
        if len(events) > 8:
            return 413
        if "bad-400" in actions or "bad-422" in actions:
            return 400 if "bad-400" in actions else 422
        return [index for index, action in enumerate(actions) if action == "rejected"]

    with Scripted(judge=judge) as scripted:
        done = client.run(scripted.address, "gk_any", ("events", reported), ("events", coins(1)))
    arrived = [event["amount"] for event in scripted.counted]
    assert arrived == [event["amount"] for event in reported if event["action"] == "coin"] + [1]  # in their order
    found = dropped(done.stderr)
    assert [event["amount"] - 1 for _reason, event in found] == list(bad)
    for (reason, _event), said in zip(found, ("400", "422", "It is", "422"), strict=True):
        assert said in reason
    assert len({key for key, _body in scripted.asked}) == len(scripted.asked)  # other events, another key
    assert len(scripted.asked) < 30


def test_event_that_cannot_be_sent_is_refused_at_once(client: Client) -> None:
    with Scripted() as scripted:
        done = client.run(scripted.address, "gk_any", ("refused",))
    ((_key, body),) = scripted.asked
    assert len(json.loads(body)["events"]) == 1
    refused = re.findall(r"^(?:(?:Type|Value|Range)Error|gamify: dropped:) .+", done.stderr, re.MULTILINE)
    assert len(refused) == {"python": 5, "javascript": 7, "bash": len(NOT_EVENTS), "csharp": 5}[client.language]


in_memory = pytest.mark.parametrize("client", [it for it in LANGUAGES if it != "bash"], indirect=True)


@in_memory
def test_what_was_refused_waits_and_is_sent_as_it_was(client: Client) -> None:
    with Scripted(403) as scripted:
        done = client.run(scripted.address, "gk_any", ("again", ["alice", "bob"]))
    assert "403" in done.stderr
    first, again, second = scripted.asked
    assert first == again != second


@in_memory
def test_event_that_breaks_the_site_does_not_hold_up_the_others(client: Client) -> None:
    """Nobody can tell such an event from a site that is broken for all, so it is kept, and others go first."""
    players = ["poison", *"abcdefgh"]
    with Scripted(judge=lambda events: 500 if any(it["player"] == "poison" for it in events) else []) as scripted:
        done = client.run(scripted.address, "gk_any", ("again", players))
    arrived = [event["player"] for event in scripted.counted]
    unsent = [event["player"] for event in client.unsent(done.stderr)]
    assert {"a", "b", "c"} <= set(arrived)
    assert "poison" in unsent
    assert sorted(arrived + unsent) == sorted(players)


@in_memory
def test_memory_is_bounded_and_what_finds_no_room_is_reported(client: Client) -> None:
    with Scripted(401) as scripted:
        done = client.run(scripted.address, "gk_any", ("flood",))
    unsent = [event["amount"] for event in client.unsent(done.stderr)]
    no_room = [event["amount"] for reason, event in dropped(done.stderr) if reason.startswith("No room")]
    assert (unsent, no_room) == (list(range(19)), list(range(19, 25)))  # of a million bytes each


def test_csharp_calls_only_paths_that_exist() -> None:
    called = re.findall(r'Call\("(\w+)", \$?"([^"?]+)', (CLIENTS / "Gamify.cs").read_text("utf-8"))
    assert len(called) == 4
    paths = {re.sub(r"\{\w+\}", "{}", path): methods for path, methods in api.get_openapi_schema()["paths"].items()}
    for method, path in called:
        path = "/api/v1" + re.sub(r"\{Escape\(\w+\)\}", "{}", path)
        assert method.lower() in paths[path], f"{method} {path}"


def test_csharp_compiles(unity: Path) -> None:
    assert unity.exists()


def test_no_client_holds_a_key(subtests: pytest.Subtests) -> None:
    files = sorted(it for it in CLIENTS.iterdir() if it.is_file())
    assert {"gamify.py", "gamify.js", "gamify.sh", "Gamify.cs"} <= {file.name for file in files}
    for file in files:
        with subtests.test(file=file.name):
            assert not re.search(r"gk_[A-Za-z0-9_-]{20,}", file.read_text("utf-8"))


def test_python_goes_on_when_the_callback_fails() -> None:
    specification = importlib.util.spec_from_file_location("gamify", CLIENTS / "gamify.py")
    assert specification
    assert specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    heard = threading.Semaphore(0)

    def fail(_event: dict[str, Any], _reason: str) -> None:
        heard.release()
        raise KeyError

    with Scripted(judge=lambda events: list(range(len(events)))) as scripted:
        gamify = module.Gamify(scripted.address, "gk_any", flush_seconds=0.01, on_dropped=fail)
        for _ in range(2):
            gamify.event("alice", "coin")
            assert heard.acquire(timeout=60)
        gamify.close()


def test_bash_keeps_what_was_not_sent_in_a_file_that_counts_once(tmp_path: Path) -> None:
    client = Client("bash", require("bash"), tmp_path)
    with Scripted(403) as scripted:
        assert client.run(scripted.address, "gk_any", ("events", coins(501))).returncode == 1  # and goes on
        (unsent,) = tmp_path.glob("gamify-unsent-*.jsonl")
        environment = os.environ | {"GAMIFY_URL": scripted.address, "GAMIFY_KEY": "gk_any"}
        with unsent.open() as lines:
            subprocess.run([*client.command, "events"], env=environment, stdin=lines, capture_output=True, check=True)
    first, second, again = (json.loads(body) for _key, body in scripted.asked)
    assert first == again
    assert (len(first["events"]), len(second["events"])) == (500, 1)
    assert len({event["id"] for event in first["events"] + second["events"]}) == 501
