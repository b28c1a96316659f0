"""`minqing serve`: the database, the tables, the demo city if wanted, then the web server."""

import errno
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from importlib import import_module
from types import FrameType

import typer
import uvicorn

from app.city import service as city
from app.cli import contact, sign_ins
from app.cli.terminal import console, give_up, open_context, progress_bar
from app.core import jobs, logs, memory, metrics
from app.core.context import Context
from app.core.settings import Settings, get_settings


def serve() -> None:
    """Serve the map until Ctrl-C."""
    logs.configure()
    memory.keep_few_arenas()
    _allow_many_files()
    settings = get_settings()
    sign_ins.refuse_open_demo(settings)
    sign_ins.refuse_unknown_roles(settings)
    _refuse_taken_port(settings)
    signal.signal(signal.SIGTERM, _leave)
    with _importing() as imported, open_context(watching=True) as context:
        imported.result()
        with progress_bar() as bar:
            city.prepare_database(context.engine, bar)
        sign_ins.refuse_unguarded(context)
        if settings.demo:
            _ensure_demo_city(context)
        sign_ins.make_ready(context)
        contact.make_ready(context)
        need = _connections_of(context)
        # Worker processes find the database through the environment, as any other one would.
        os.environ.update(context.environment())
        from app.all_jobs import JOBS, TASKS  # `_importing` says why here

        with (
            _simulating(settings),
            metrics.counting_together(settings.workers),
            _serving_metrics(settings),
            jobs.working(context, JOBS, TASKS, connections=need),
        ):
            _run(settings)


def _allow_many_files() -> None:
    """Take as many open files as the system allows, a connection each; workers inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, hard), hard))


def _connections_of(context: Context) -> int:
    from app.cli import connections  # `_importing` says why here

    return connections.refuse_too_many(context)


@contextmanager
def _serving_metrics(settings: Settings) -> Iterator[None]:
    """The port of the counters, where there is to be one."""
    host, port = settings.metrics_host, settings.metrics_port
    with ExitStack() as stack:
        try:
            stack.enter_context(metrics.serving_apart(host, port))
        except OSError as error:
            raise give_up(
                f"Cannot serve the counters on {host}, port {port} (MINQING_METRICS_PORT):"
                f" {error.strerror}."
            ) from None
        yield


@contextmanager
def _importing() -> Iterator[Future[None]]:
    """The web application's modules, imported while PostgreSQL starts: each takes two seconds."""

    def import_them() -> None:
        for name in ("app.all_jobs", "app.main"):
            import_module(name)

    with ThreadPoolExecutor(1) as thread:
        yield thread.submit(import_them)


def _refuse_taken_port(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                where = f"MINQING_HOST={settings.host}, port {settings.port}"
                raise give_up(f"Cannot listen there: {where}: {error.strerror}.") from None
            raise give_up(
                f"Port {settings.port} on {settings.host} is in use. Stop what listens there, or"
                " choose another: MINQING_PORT=8001 scripts/run"
            ) from None


def _ensure_demo_city(context: Context) -> None:
    # In a process of its own, which gives its memory back when it is done: building and loading
    # need several times what serving needs.
    if city.is_city_loaded(context.engine):
        return
    builder = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "city", "ensure-demo"],
        env={**os.environ, **context.environment()},
    )
    try:
        failed = builder.wait()
    finally:
        if builder.poll() is None:
            _stop(builder)
    if failed:
        raise typer.Exit(failed)


def _stop(child: subprocess.Popen[bytes]) -> None:
    child.send_signal(signal.SIGINT)
    try:
        child.wait(timeout=10)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


@contextmanager
def _simulating(settings: Settings) -> Iterator[None]:
    """The simulation beside the server, where it is wanted; it waits until the server answers."""
    if not settings.simulates:
        yield
        return
    # A session of its own: Ctrl-C is for the server, which stops it when all else has stopped.
    simulation = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "simulate", "--quiet", "--parent", str(os.getpid())],
        start_new_session=True,
    )
    try:
        yield
    finally:
        _stop(simulation)


WORKER_ANSWERS_WITHIN_S = 30
"""A worker that reads two million cases may be silent for some seconds; it is not to be killed."""
KEEP_ALIVE_S = 15
"""Longer than the page waits between two refreshes: watchers keep their connection."""


def _run(settings: Settings) -> None:
    console.print(f"Minqing Map: http://{settings.host}:{settings.port}  (Ctrl-C stops it)")
    uvicorn.run(
        "app.main:from_environment",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=3,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_worker_healthcheck=WORKER_ANSWERS_WITHIN_S,
        http="app.bounded_http:BoundedHttp",
        ws="none",  # it would take connections out of those bounds
        server_header=False,
        forwarded_allow_ips=settings.trusted_proxies,
    )


def _leave(number: int, frame: FrameType | None) -> None:
    # uvicorn raises the signal again once it has shut down; leaving by an exception lets the
    # embedded database be stopped on the way out.
    sys.exit(128 + number)
