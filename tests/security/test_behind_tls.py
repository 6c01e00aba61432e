"""The site behind a proxy that ends TLS: the documented ones where they are installed, and always one of our own."""

import http.client
import re
import shutil
import socket
import ssl
import subprocess
import textwrap
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlencode

import pytest

from tests.sites import PATIENCE, Site, free_ports

HOST = "play.example.com"
FORWARDED = ("x-forwarded", "x_forwarded")
DEPLOY = Path(__file__).resolve().parents[2] / "docs/deploy.md"


def example(heading: str) -> str:
    """The configuration that the documentation shows under a heading."""
    section = DEPLOY.read_text("utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return textwrap.dedent("\n".join(line for line in section.splitlines() if line.startswith("    ") or not line))


class Certificate:
    """A certificate for the host, made for these tests, and its key."""

    def __init__(self, folder: Path) -> None:
        self.file, self.key = folder / "cert.pem", folder / "key.pem"
        made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        made += ["-days", "2", "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"]
        subprocess.run([*made, "-keyout", self.key, "-out", self.file], check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: no certificate")
    return Certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"))
    site.environment |= {
        "GAMIFY_SECRET_KEY": "of these tests, and of no others",
        "GAMIFY_ALLOWED_HOSTS": f"{HOST},127.0.0.1",
    }
    try:
        site.start("serve", "--workers", "1")
        site.wait_until_ready()
        yield site
        site.interrupt()
    finally:
        site.kill()


class Relay(BaseHTTPRequestHandler):
    """Passes a request on as the documented proxies do; `site` is set by a subclass."""

    site: Site

    def _pass_on(self) -> None:
        port = self.site.live_port if self.path.startswith("/live/") else self.site.port
        headers = {name: value for name, value in self.headers.items() if name.lower()[:11] not in FORWARDED}
        headers |= {"X-Forwarded-For": self.client_address[0], "X-Forwarded-Proto": "https"}
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "date", "server"):
                self.send_header(name, value)
        self.end_headers()
        while data := answer.read1():
            self.wfile.write(data)
        connection.close()

    do_GET = do_POST = _pass_on  # noqa: N815  (so the library calls them)

    def log_message(self, *_told: object) -> None:
        """Log nothing."""


def relay(site: Site, certificate: Certificate, _folder: Path) -> tuple[int, ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("OfSite", (Relay,), {"site": site}))
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.file, certificate.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1], server


def located(text: str, site: Site) -> str:
    """An example that passes on to the site under test."""
    return text.replace("127.0.0.1:8000", f"127.0.0.1:{site.port}").replace(
        "127.0.0.1:8001", f"127.0.0.1:{site.live_port}"
    )


def nginx_configuration(site: Site, certificate: Certificate, folder: Path, port: int) -> str:
    server = located(example("nginx"), site).replace("listen 443", f"listen 127.0.0.1:{port}")
    server = re.sub(r"ssl_certificate_key .*;", f"ssl_certificate_key {certificate.key};", server)
    server = re.sub(r"ssl_certificate .*;", f"ssl_certificate {certificate.file};", server)
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    begin = f"daemon off;\npid {folder}/nginx.pid;\nerror_log stderr;\nevents {{}}\n"
    return f"{begin}http {{\naccess_log off;\n{places}{server}\n}}\n"


def caddy_configuration(site: Site, certificate: Certificate, _folder: Path, port: int) -> str:
    text = located(example("Caddy"), site)
    with_tls = f"https://{HOST}:{port} {{\n    tls {certificate.file} {certificate.key}\n"
    return "{\n    admin off\n    auto_https off\n}\n" + text.replace(f"{HOST} {{\n", with_tls, 1)


def installed(name: str, site: Site, certificate: Certificate, folder: Path) -> tuple[int, subprocess.Popen[bytes]]:
    """Start a documented proxy with the documented configuration."""
    program = shutil.which(name, path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin")
    if program is None:
        pytest.skip(f"{name} is not installed")
    (port,) = free_ports(1)
    file = folder / name
    if name == "nginx":
        file.write_text(nginx_configuration(site, certificate, folder, port))
        command = [program, "-p", str(folder), "-c", str(file)]
    else:
        file.write_text(caddy_configuration(site, certificate, folder, port))
        command = [program, "run", "--adapter", "caddyfile", "--config", str(file)]
    process = subprocess.Popen(command)
    deadline = time.monotonic() + PATIENCE
    while True:
        assert process.poll() is None, f"{name} does not start with the documented configuration"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline
        else:
            return port, process


@pytest.fixture(scope="module", params=["relay", "nginx", "caddy"])
def proxy(
    request: pytest.FixtureRequest, site: Site, certificate: Certificate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator["Visitor"]:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "relay":
        port, server = relay(site, certificate, folder)
        yield Visitor(port, certificate)
        server.shutdown()
        server.server_close()
        return
    port, process = installed(request.param, site, certificate, folder)
    try:
        yield Visitor(port, certificate)
    finally:
        process.terminate()
        process.wait(PATIENCE)


class Visitor:
    """Somebody who comes through TLS, with cookies."""

    def __init__(self, port: int, certificate: Certificate) -> None:
        self.port, self.certificate = port, certificate
        self.context = ssl.create_default_context(cafile=str(certificate.file))
        self.cookies: dict[str, str] = {}
        self.told: list[str] = []  # cookies as the site sets them

    def ask(
        self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None
    ) -> http.client.HTTPResponse:
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        connection = http.client.HTTPConnection(HOST)
        connection.sock = self.context.wrap_socket(plain, server_hostname=HOST)
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection.request(method, path, body or None, {"Cookie": cookie, **(headers or {})})
        answer = connection.getresponse()
        for told in answer.headers.get_all("Set-Cookie", []):
            self.told.append(told)
            name, _equals, value = told.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def post(self, path: str, origin: str, form: dict[str, str], *others: tuple[str, str]) -> http.client.HTTPResponse:
        page = self.ask("GET", path).read().decode()
        token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', page)
        assert token
        sent = urlencode({"csrfmiddlewaretoken": token[1], **form})
        headers = {"Origin": origin, "Referer": f"{origin}{path}", "Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", path, sent, headers | dict(others))


def test_whole_visit_stays_within_tls(proxy):
    page = proxy.ask("GET", "/accounts/signup/")
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    form = {"username": "alice", "password1": "tulips and trams", "password2": "tulips and trams"}
    form["username"] += str(proxy.port)
    assert proxy.post("/accounts/signup/", f"http://{HOST}", form).status == 403
    answer = proxy.post("/accounts/signup/", f"https://{HOST}", form)
    assert answer.status == 302
    assert answer.headers["Location"].startswith(("/", f"https://{HOST}/"))
    assert {"csrftoken", "sessionid"} <= proxy.cookies.keys()
    assert all("; secure" in told.lower() for told in proxy.told)
    shared = proxy.ask("GET", f"/players/{form['username']}/share/").read().decode()
    links = re.findall(r'property="og:(?:url|image)" content="([^"]+)"', shared)
    assert len(links) == 2
    assert all(link.startswith(f"https://{HOST}/players/") for link in links)
    stream = proxy.ask("GET", "/live/stream", headers={"Origin": f"https://{HOST}"})
    assert (stream.status, stream.headers["Access-Control-Allow-Origin"]) == (200, f"https://{HOST}")
    assert stream.readline().startswith(b"retry: ")
    stream.close()


def test_numbers_are_not_for_who_comes_through_the_proxy(proxy):
    for path in ("/metrics", "/live/../metrics"):
        assert proxy.ask("GET", path, headers={"X-Forwarded-For": "127.0.0.1"}).status in (400, 401, 404)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X_Forwarded_For"])
def test_nobody_is_another_client_by_a_header(proxy, header):
    """WSGI cannot tell the two spellings apart, so the proxy has to."""
    visitor, form = Visitor(proxy.port, proxy.certificate), {"username": "nobody", "password": "wrong"}
    form["username"] += f"{proxy.port}{header[1]}".replace("-", ".")
    told = [
        visitor.post("/accounts/login/", f"https://{HOST}", form, (header, f"203.0.113.{number}")).status
        for number in range(6)
    ]
    assert told == [200] * 5 + [429]


def test_nginx_example_suits_the_oldest_supported_version():
    assert "http2 on" not in example("nginx"), "known since 1.25.1 only; Debian 12 has 1.22"
    assert "listen 443 ssl http2;" in example("nginx")
