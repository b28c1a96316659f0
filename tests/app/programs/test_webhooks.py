"""Webhooks: sent in order, at least once, signed, to nobody inside, with nothing personal."""

import asyncio
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import URL, text
from starlette.testclient import TestClient

from app.core.context import Context
from app.identity.rules import Role
from app.programs.rules import Outcome, is_public, pause_s
from app.programs.webhooks import posting, rules
from tests import staff
from tests.app.identity.canary import a_case, client_of, places
from tests.app.incidents.reports import a_report
from tests.app.warnings.sending import a_warning, add_key
from tests.conftest import run_command
from tests.server import ServerProcess, free_port, serving
from tests.waiting import wait_until

DISTRICT = 620_111_000_000_000
PATH = "/api/v1/webhooks"
PATIENCE_S = 8.0
PERSONAL = ("某某某", "13900001234", "幸福路不许外传", "102.86", "36.34")


class Receiver:
    """The receiver's process, and the folder by which it is told what to do."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}/hook"
        (folder / "secrets").write_text("")
        (folder / "taken").write_text("")
        self.does("ok")
        self.process: subprocess.Popen[bytes] | None = None

    def does(self, mode: str) -> None:
        """From now on."""
        (self.folder / "mode").write_text(mode)

    def accepts(self, secret: str) -> None:
        """Knows one more secret."""
        with (self.folder / "secrets").open("a") as secrets:
            secrets.write(secret + "\n")

    def start(self) -> None:
        """Come up."""
        command = [sys.executable, str(Path(__file__).with_name("receiver.py"))]
        self.process = subprocess.Popen([*command, str(self.port), str(self.folder)])
        wait_until(self._listens)

    def _listens(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def stop(self) -> None:
        """Go down."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def taken(self, mode: str = "ok", path: str = "/hook") -> list[Any]:
        """What it was sent while it did that."""
        lines = map(json.loads, (self.folder / "taken").read_text().splitlines())
        return [line for line in lines if line["mode"] == mode and line["path"] == path]

    def cases(self, mode: str = "ok") -> list[str]:
        """The ids of the cases that it was told of, in the order in which they came."""
        return [json.loads(line["body"])["payload"]["id"] for line in self.taken(mode)]


@pytest.fixture
def new_receiver(tmp_path: Path) -> Iterator[Callable[[], Receiver]]:
    """Makes receivers, each with a folder of its own."""
    made: list[Receiver] = []

    def make() -> Receiver:
        folder = tmp_path / f"receiver{len(made)}"
        folder.mkdir()
        made.append(Receiver(folder))
        made[-1].start()
        return made[-1]

    yield make
    for receiver in made:
        receiver.stop()


@pytest.fixture
def receiver(new_receiver: Callable[[], Receiver]) -> Receiver:
    """One that takes everything."""
    return new_receiver()


@pytest.fixture
def sending(database: URL, tmp_path: Path) -> Iterator[ServerProcess]:
    """A server that may send to this machine, and keeps its key file in `server`."""
    own = str(tmp_path / "server")
    with serving(database, MINQING_WEBHOOK_PRIVATE="1", MINQING_DATA_DIR=own) as process:
        url = f"{process.base_url}/api/v1/session/step_up"
        assert staff.post(url, json={"password": staff.PASSWORD}).is_success
        yield process


def subscribe(
    server: ServerProcess, receiver: Receiver, name: str = "hotline", **words: Any
) -> str:
    """The id of a new subscription, whose secret the receiver knows."""
    body = {"name": name, "url": receiver.url, "area": DISTRICT, **words}
    answer = staff.post(server.base_url + PATH, json=body)
    assert answer.status_code == 201, answer.text
    receiver.accepts(answer.json()["secret"])
    return str(answer.json()["webhook"]["id"])


def report(server: ServerProcess, **words: Any) -> str:
    """The id of a new case."""
    body = a_report(**words)
    answer = staff.post(f"{server.base_url}/api/v1/incidents", json=body)
    assert answer.status_code == 201, answer.text
    return str(body["id"])


def shown(server: ServerProcess, webhook: str) -> Any:
    """How a subscription stands."""
    items = staff.get(server.base_url + PATH).json()["items"]
    return next(item for item in items if item["id"] == webhook)


def deliveries(server: ServerProcess, webhook: str, **words: str) -> list[Any]:
    """What was and is to be sent, the oldest first."""
    answer = staff.get(f"{server.base_url}{PATH}/{webhook}/deliveries", params=words)
    assert answer.status_code == 200, answer.text
    return list(reversed(answer.json()["items"]))


def move_clock(context: Context, hours: int = 0) -> None:
    """Let the pause of every subscription be over, and what waits be so much older."""
    with context.engine.begin() as connection:
        connection.execute(
            text("UPDATE webhook_delivery SET queued_at = queued_at - make_interval(hours => :h)"),
            {"h": hours},
        )
        # In the order in which the sender takes them: otherwise each might wait for the other.
        connection.execute(text("UPDATE webhook SET next_at = now() WHERE next_at IS NOT NULL"))


def test_signed_in_order_and_nothing_personal(sending: ServerProcess, receiver: Receiver) -> None:
    """Each event once, in the order of the stream, with a signature that the receiver checks."""
    webhook = subscribe(sending, receiver)
    secret = {
        "title": "幸福路不许外传",
        "description": "某某某 13900001234",
        "contact": {"name": "某某某", "phone": "13900001234", "note": ""},
    }
    cases = [report(sending, **secret) for _ in range(10)]
    step = staff.post(
        f"{sending.base_url}/api/v1/incidents/{cases[0]}/steps", json={"step": "register"}
    )
    assert step.status_code == 200, step.text
    wait_until(lambda: len(receiver.taken()) == 11)
    assert receiver.cases() == [*cases, cases[0]]
    lines = receiver.taken()
    assert all(line["fits"] and line["recent"] for line in lines)
    assert len({line["id"] for line in lines}) == 11
    for line in lines:
        body = json.loads(line["body"])
        assert set(body) == {"id", "topic", "area", "occurred_at", "payload"}
        assert body["id"] == line["id"] and body["topic"] in tuple(rules.Topic)
        assert set(body["payload"]) <= set(rules.SENT_MEMBERS)
    sent = json.dumps(lines, ensure_ascii=False)
    assert not [word for word in PERSONAL if word in sent]
    wait_until(lambda: shown(sending, webhook)["waiting"] == 0)
    done = deliveries(sending, webhook)
    assert [(each["state"], each["tries"], each["last_status"]) for each in done] == [
        ("delivered", 1, 200)
    ] * 11


def test_a_receiver_that_is_down_and_comes_back(
    own_context: Context, sending: ServerProcess, receiver: Receiver
) -> None:
    """Whatever happened meanwhile arrives, in order, once the pause is over; pauses grow."""
    webhook = subscribe(sending, receiver)
    receiver.stop()
    cases = [report(sending) for _ in range(5)]
    for failures in (1, 2, 3):
        wait_until(lambda n=failures: shown(sending, webhook)["failures"] == n)
        assert pause_s(failures) == 5.0 * 2 ** (failures - 1)
        if failures < 3:
            move_clock(own_context)
    assert deliveries(sending, webhook)[0]["last_error"].startswith("no HTTP answer")
    receiver.start()
    move_clock(own_context)
    wait_until(lambda: receiver.cases() == cases)
    assert shown(sending, webhook)["failures"] == 0


def test_given_up_after_a_day_and_sent_again_by_hand(
    own_context: Context, sending: ServerProcess, receiver: Receiver
) -> None:
    """500 for a day: given up, named on the page; again by one, by all, with the same id."""
    receiver.does("500")
    webhook = subscribe(sending, receiver)
    cases = [report(sending) for _ in range(3)]
    wait_until(lambda: shown(sending, webhook)["failures"] == 1)
    wait_until(lambda: len(deliveries(sending, webhook)) == 3)
    while shown(sending, webhook)["failed"] < 3:
        move_clock(own_context, hours=25)
    failed = deliveries(sending, webhook, state="failed")
    assert [each["last_status"] for each in failed] == [500] * 3
    receiver.does("ok")
    url = f"{sending.base_url}{PATH}/{webhook}/resend"
    assert staff.post(url, json={"delivery": failed[1]["id"]}).json() == {"queued": 1}
    wait_until(lambda: receiver.cases() == [cases[1]])
    assert staff.post(url, json={}).json() == {"queued": 2}
    wait_until(lambda: receiver.cases() == [cases[1], cases[0], cases[2]])
    ids = {line["id"] for line in receiver.taken("500")}
    assert {line["id"] for line in receiver.taken()} == ids
    assert staff.post(url, json={"delivery": 10**9}).status_code == 404
    rows = staff.get(f"{sending.base_url}/api/v1/audit").json()["items"]
    kinds = [(row["kind"], row["detail"].partition(":")[0]) for row in rows]
    assert kinds.count(("webhook_resent", "hotline")) == 2


def counted(server: ServerProcess) -> dict[str, float]:
    """What came of attempts, and what waits, as the monitoring reads it."""
    families = text_string_to_metric_families(httpx.get(f"{server.base_url}/metrics").text)
    return {
        sample.labels.get("result", "waiting"): sample.value
        for family in families
        for sample in family.samples
        if sample.name in ("minqing_outlet_attempts_total", "minqing_outlet_waiting")
        and sample.labels["outlet"] == "webhooks"
    }


def test_what_is_sent_is_counted(
    own_context: Context, sending: ServerProcess, new_receiver: Callable[[], Receiver]
) -> None:
    """All receivers together: what was taken, failed, given up, and waits."""
    one, other = new_receiver(), new_receiver()
    subscribe(sending, one)
    webhook = subscribe(sending, other, "other")
    nothing = {"taken": 0, "failed": 0, "given_up": 0, "unneeded": 0, "waiting": 0}
    assert counted(sending) == nothing
    other.does("500")
    report(sending)
    wait_until(lambda: counted(sending) == nothing | {"taken": 1, "failed": 1, "waiting": 1})
    move_clock(own_context, hours=25)
    wait_until(lambda: shown(sending, webhook)["failed"] == 1)
    wait_until(lambda: counted(sending) == nothing | {"taken": 1, "failed": 1, "given_up": 1})


def test_what_a_receiver_does_not_want_holds_up_no_other(
    own_context: Context, sending: ServerProcess, receiver: Receiver
) -> None:
    """422 five times: that event is given up, the next one has its turn."""
    receiver.does("422")
    webhook = subscribe(sending, receiver)
    first, second = report(sending), report(sending)
    while not shown(sending, webhook)["failed"]:
        move_clock(own_context)
    receiver.does("ok")

    def has_second() -> bool:
        move_clock(own_context)
        return receiver.cases() == [second]

    wait_until(has_second)
    assert receiver.cases("422")[:5] == [first] * 5
    assert [each["state"] for each in deliveries(sending, webhook)] == ["failed", "delivered"]


def test_no_redirect_is_followed_and_a_flood_is_not_read(
    own_context: Context, sending: ServerProcess, receiver: Receiver
) -> None:
    """A redirect is no receipt; of a long answer only the start is read, and it is one."""
    receiver.does("redirect")
    webhook = subscribe(sending, receiver)
    case = report(sending)
    wait_until(lambda: shown(sending, webhook)["failures"] == 1)
    assert receiver.taken("redirect", "/inward") == []
    assert deliveries(sending, webhook)[0]["last_error"] == "answered 302"
    receiver.does("flood")
    move_clock(own_context)
    wait_until(lambda: shown(sending, webhook)["waiting"] == 0)
    assert receiver.cases("flood") == [case]


def test_one_that_hangs_holds_up_nobody_else(
    own_context: Context, sending: ServerProcess, new_receiver: Callable[[], Receiver]
) -> None:
    """A 200 that comes too late is none: the same id comes again. Others have theirs meanwhile."""
    late, quick = new_receiver(), new_receiver()
    late.does("late")
    webhook = subscribe(sending, late, "late")
    subscribe(sending, quick, "quick")
    case = report(sending)
    wait_until(lambda: late.cases("late") == [case])
    wait_until(lambda: quick.cases() == [case])
    assert shown(sending, webhook)["failures"] == 0  # it is still being waited for
    wait_until(lambda: shown(sending, webhook)["failures"] == 1)
    assert "no answer within" in deliveries(sending, webhook)[0]["last_error"]
    late.does("ok")
    move_clock(own_context)
    wait_until(lambda: late.cases() == [case])
    assert late.taken()[0]["id"] == late.taken("late")[0]["id"]


def test_killed_in_the_middle_nothing_is_lost(
    database: URL, sending: ServerProcess, receiver: Receiver, tmp_path: Path
) -> None:
    """kill -9 while it sends: the next server, with the same key file, goes on; in order, none
    missing."""
    subscribe(sending, receiver)
    cases = [report(sending) for _ in range(20)]
    sending.kill()
    own = str(tmp_path / "server")
    with serving(database, MINQING_WEBHOOK_PRIVATE="1", MINQING_DATA_DIR=own) as second:
        wait_until(lambda: len(set(receiver.cases())) == len(cases))
        assert list(dict.fromkeys(receiver.cases())) == cases
        webhook = staff.get(second.base_url + PATH).json()["items"][0]["id"]
        wait_until(lambda: {d["state"] for d in deliveries(second, webhook)} == {"delivered"})


def test_only_its_area_and_its_topics(
    own_context: Context, sending: ServerProcess, new_receiver: Callable[[], Receiver]
) -> None:
    """Cases of another area are not sent; warnings of fraud to those alone who asked for them."""
    engine, found = own_context.engine, places(own_context.engine)
    plain, warned = new_receiver(), new_receiver()
    subscribe(sending, plain, "plain", area=found["own"])
    topics = ["incident.reported", "warning.changed"]
    subscribe(sending, warned, "warned", topics=topics)
    key = add_key(engine)
    warning = a_warning(engine, found["own"])
    answer = staff.post(f"{sending.base_url}/api/v1/warnings", json=warning, headers=key)
    assert answer.status_code == 201, answer.text
    for area in ("other", "own"):
        body = a_case(found[area], engine, "甲")
        url = f"{sending.base_url}/api/v1/incidents"
        assert staff.post(url, json=body).status_code == 201
    wait_until(lambda: body["id"] in plain.cases() and body["id"] in warned.cases())
    assert plain.cases() == [body["id"]]
    told = [json.loads(line["body"])["topic"] for line in warned.taken()]
    assert told.count("warning.changed") == 1 and warned.cases().count(warning["id"]) == 2


def stepped_up(client: TestClient) -> TestClient:
    """The client, once it has given its password again."""
    answer = client.post("/api/v1/session/step_up", json={"password": staff.PASSWORD})
    assert answer.is_success, answer.text
    return client


def test_a_new_one_wants_the_password_again(own_client: TestClient) -> None:
    """Whoever finds a desk unattended has nothing sent to themselves."""
    body = {"name": "hotline", "url": "https://example.org/", "area": DISTRICT}
    refused = own_client.post(PATH, json=body)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/step-up")
    assert stepped_up(own_client).post(PATH, json=body).status_code == 201


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"url": "http://example.org/"}, "url"),
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"url": "https://[::1]/"}, "url"),
        ({"url": "https://[::ffff:10.0.0.1]/"}, "url"),
        ({"url": "https://169.254.169.254/latest"}, "url"),
        ({"url": "https://user:word@example.org/"}, "url"),
        ({"url": "https://example.org/#x"}, "url"),
        ({"url": "https://example.org/ x"}, "url"),
        ({"url": "https://"}, "url"),
        ({"url": "https://example.org:99999/"}, "url"),
        ({"url": "ftp://example.org/"}, "url"),
        ({"name": "某"}, "name"),
        ({"area": 620_111_000_000_001}, "area"),
        ({"topics": []}, "topics"),
        ({"topics": ["incident.left"]}, "topics.0"),
        ({"secret": "x"}, "secret"),
    ],
)
def test_what_is_refused(own_client: TestClient, changes: dict[str, Any], field: str) -> None:
    """422, the field by name."""
    body = {"name": "hotline", "url": "https://example.org/", "area": DISTRICT, **changes}
    answer = stepped_up(own_client).post(PATH, json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field


def test_who_may_and_where(own_context: Context, own_client: TestClient) -> None:
    """The admin of an area sees and makes those of the area alone; the secret is told once."""
    found = places(own_context.engine)
    staff.add_account(own_context.engine, "small", Role.CITY_ADMIN, found["own"])
    wide = {"name": "wide", "url": "https://example.org/", "area": DISTRICT}
    made = stepped_up(own_client).post(PATH, json=wide)
    assert made.status_code == 201 and made.json()["secret"].startswith("whsec_")
    assert own_client.post(PATH, json=wide).status_code == 409
    webhook = made.json()["webhook"]["id"]
    assert made.json()["secret"] not in own_client.get(PATH).text
    with client_of(own_context, "small") as client:
        assert client.get(PATH).json()["items"] == []
        assert client.get(f"{PATH}/{webhook}/deliveries").status_code == 404
        assert client.post(f"{PATH}/{webhook}/resend", json={}).status_code == 404
        assert client.delete(f"{PATH}/{webhook}").status_code == 404
        outside = stepped_up(client).post(PATH, json={**wide, "name": "outside"})
        assert (outside.status_code, outside.json()["errors"][0]["field"]) == (403, "area")
        own = client.post(PATH, json={**wide, "name": "own", "area": found["own"]})
        assert own.status_code == 201
    assert own_client.delete(f"{PATH}/{webhook}").status_code == 204
    assert [item["name"] for item in own_client.get(PATH).json()["items"]] == ["own"]


def test_the_secret_is_sealed_and_outlives_a_new_key(
    own_context: Context, own_client: TestClient, tmp_path: Path
) -> None:
    """A dump of the database signs nothing; `contact rotate-key --forget-old` loses no secret."""
    env = {
        "MINQING_DATABASE_URL": own_context.url.render_as_string(hide_password=False),
        "MINQING_CONTACT_KEY_FILE": str(tmp_path / "contact.key"),
    }
    words = ["--url", "https://example.org/x", "--area", str(DISTRICT)]
    made = run_command("webhook", "add", "hotline", *words, env=env)
    assert made.returncode == 0, made.stderr
    secret = made.stdout.strip()
    before = _dump(own_context)
    assert secret.startswith("whsec_") and secret not in before
    rotated = run_command("contact", "rotate-key", "--forget-old", env=env)
    assert rotated.returncode == 0, rotated.stderr
    assert "1 old keys forgotten" in rotated.stdout and _dump(own_context) != before
    assert _opened(own_context, tmp_path / "contact.key") == secret
    assert "hotline" in run_command("webhook", "list", env=env).stdout
    assert run_command("webhook", "resend", "hotline", env=env).returncode == 0
    assert run_command("webhook", "remove", "hotline", env=env).returncode == 0
    assert run_command("webhook", "remove", "hotline", env=env).returncode != 0


def _dump(context: Context) -> str:
    with context.engine.connect() as connection:
        return connection.scalar(text("SELECT string_agg(w::text, ' ') FROM webhook w")) or ""


def _opened(context: Context, path: Path) -> str:
    from app.incidents.contacts import keys as seals

    with context.engine.connect() as connection:
        row = connection.execute(text("SELECT id, key_id, nonce, sealed FROM webhook")).one()
    sealed = seals.Sealed(row.key_id, bytes(row.nonce), bytes(row.sealed))
    return seals.load(path).open(row.id, sealed).decode()


def test_names_of_which_nobody_tells_hold_up_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """The threads in which tiles and figures are made are not those that wait for an answer."""
    door, asked = threading.Event(), list[object]()

    def silent(*given: object, **_: object) -> None:
        asked.append(given)
        door.wait(60)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", silent)

    async def send() -> tuple[str, list[Outcome]]:
        urls = [f"https://silent{number}.example/" for number in range(40)]
        sending = [asyncio.create_task(posting.post(u, {}, b"", private=False)) for u in urls]
        while len(asked) < 5:
            await asyncio.sleep(0)
        try:
            async with asyncio.timeout(PATIENCE_S):
                made = await asyncio.to_thread(lambda: "made")
        finally:
            door.set()
        return made, await asyncio.gather(*sending)

    made, outcomes = asyncio.run(send())
    assert made == "made"
    assert {outcome.status for outcome in outcomes} == {None}


def test_a_name_that_leads_inside_is_not_connected_to() -> None:
    """Checked on the address that is connected to: nobody knocks at the listener."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        url = f"http://localhost:{listener.getsockname()[1]}/"
        outcome = asyncio.run(posting.post(url, {}, b"{}", private=False))
        assert outcome == Outcome(None, "the address lies inside the own network")
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.parametrize(
    ("address", "is_outside"),
    [
        ("1.1.1.1", True), ("2606:4700::1111", True), ("127.0.0.1", False), ("10.1.2.3", False),
        ("172.16.0.1", False), ("192.168.1.1", False), ("169.254.169.254", False),
        ("100.64.0.1", False), ("0.0.0.0", False), ("224.0.0.1", False), ("::1", False),
        ("fe80::1%eth0", False), ("fc00::1", False), ("::ffff:127.0.0.1", False),
        ("64:ff9b::a00:1", False), ("2002:7f00:1::", False), ("::", False),
    ],
)  # fmt: skip
def test_public_addresses(address: str, is_outside: bool) -> None:
    """Everything but the internet is inside, also where it is wrapped."""
    assert is_public(address) is is_outside
