"""The service on a real socket of the loopback, within this process; and pictures that take until they are let go."""

import json
import logging
import queue
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest

# Without the extra nothing here can run; the helpers below need it too.
pytest.importorskip("fastapi", reason="needs the extra imagegate[web]")
pytest.importorskip("prometheus_client", reason="needs the extra imagegate[web]")

import httpx

import imagegate.web.judging
from imagegate.web.config import Settings
from imagegate.web.logs import JsonLines
from imagegate.web.server import server_of
from tests.web.wire import await_ready

# A test that waits longer has failed; nothing else depends on it.
PATIENCE = 60


class Running:
    """A service that runs in a thread, from the moment that it is ready.

    Attributes:
        address: Host and port.
        service: What its endpoints share.
    """

    def __init__(self, settings, *, ready=True):
        self._socket = socket.create_server((settings.host, 0), backlog=512)
        self.address = self._socket.getsockname()
        self._server = server_of(settings)
        self.service = self._server.config.app.state.service
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],))
        self._thread.start()
        if ready:
            await_ready("{}:{}".format(*self.address))

    def client(self, **options):
        return httpx.Client(base_url="http://{}:{}".format(*self.address), **{"timeout": PATIENCE, **options})

    def connect(self):
        """A bare connection."""
        return socket.create_connection(self.address, timeout=PATIENCE)

    def stop(self):
        self._server.should_exit = True
        self._thread.join(PATIENCE)
        self._socket.close()
        assert not self._thread.is_alive()


@contextmanager
def running(*, ready=True, **settings):
    service = Running(Settings(**settings), ready=ready)
    try:
        yield service
    finally:
        service.stop()


@pytest.fixture(scope="session")
def service():
    """The service with its default bounds."""
    with running(workers=2) as one:
        yield one


@pytest.fixture
def serve():
    """Start a service with bounds of one's own; without worker processes, which take seconds, if none are asked for."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(running(**{"isolation": "none"} | settings))


@pytest.fixture
def callers():
    with ThreadPoolExecutor(16) as pool:
        yield pool


class Gate:
    """Holds pictures back: each that arrives is counted, and waits until all are let go."""

    def __init__(self, check):
        self._check = check
        self._open = threading.Event()
        self._arrived = threading.Semaphore(0)

    def __call__(self, *args, **kwargs):
        self._arrived.release()
        assert self._open.wait(PATIENCE)
        return self._check(*args, **kwargs)

    def await_one(self):
        """Wait until one more picture has arrived."""
        assert self._arrived.acquire(timeout=PATIENCE)

    def open(self):
        self._open.set()


@pytest.fixture
def gate(monkeypatch):
    one = Gate(imagegate.check)
    monkeypatch.setattr(imagegate.web.judging, "check", one)
    yield one
    one.open()


class Lines(logging.Handler):
    """What the service writes to its log, line by line as it comes."""

    def __init__(self):
        super().__init__()
        self._lines = queue.Queue()
        self.setFormatter(JsonLines())

    def emit(self, record):
        self._lines.put(self.format(record))

    def await_event(self, event, **facts):
        """Wait for a line of which this is so."""
        wanted = {"event": event, **facts}
        while True:
            line = json.loads(self._lines.get(timeout=PATIENCE))
            if wanted.items() <= line.items():
                return line

    def await_request(self, status):
        """Wait for the line of a request with this status."""
        return self.await_event("request", status=status)


@pytest.fixture
def lines():
    handler, logger = Lines(), logging.getLogger()
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)
