"""The password once more, before something protected is shown or taken out."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.core.context import Context
from app.core.db import writing
from app.core.errors import Problem
from app.identity import rules, service
from app.identity.rules import Actor, Role
from app.identity.step_up import require_step_up
from tests import staff

PATH = "/api/v1/session/step_up"
NOW = datetime(2026, 7, 1, 8, tzinfo=UTC)


def actor(client: TestClient, context: Context) -> Actor:
    """Who acts in the client's session."""
    found = service.actor_of(context.engine, client.cookies["minqing"])
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("until", "is_open"),
    [(None, False), (NOW, False), (NOW + timedelta(seconds=1), True), (NOW.replace(2025), False)],
)
def test_until_when_it_is_open(until: datetime | None, is_open: bool) -> None:
    """To the second, and then no more."""
    assert rules.is_stepped_up(until, NOW) is is_open


def test_the_password_opens_it_for_five_minutes(
    own_client: TestClient, own_context: Context
) -> None:
    """For this session and no other of the account."""
    assert own_client.get("/api/v1/session").json()["stepped_up_until"] is None
    other = staff.headers_of(own_context.engine)["Cookie"].partition("=")[2]
    with pytest.raises(Problem) as refused:
        require_step_up(actor(own_client, own_context))
    assert (refused.value.status, refused.value.slug) == (403, "step-up")

    answer = own_client.post(PATH, json={"password": staff.PASSWORD})
    assert answer.status_code == 200, answer.text
    until = datetime.fromisoformat(answer.json()["stepped_up_until"])
    left = until - datetime.now(UTC)
    assert timedelta(seconds=rules.STEP_UP_S - 60) < left <= timedelta(seconds=rules.STEP_UP_S)
    require_step_up(actor(own_client, own_context))
    sibling = service.actor_of(own_context.engine, other)
    assert sibling is not None and sibling.stepped_up_until is None


def test_it_closes_again(own_client: TestClient, own_context: Context) -> None:
    """When the time is over, and with the session."""
    own_client.post(PATH, json={"password": staff.PASSWORD}).raise_for_status()
    with writing(own_context.engine) as session:
        session.execute(text("UPDATE sign_in SET stepped_up_until = now()"))
    with pytest.raises(Problem):
        require_step_up(actor(own_client, own_context))
    assert own_client.get("/api/v1/session").json()["stepped_up_until"] is None


def test_a_wrong_password_is_refused_and_counted(own_client: TestClient) -> None:
    """403 and not 401, which would tell the page that the session is over; then the delay."""
    answers = [own_client.post(PATH, json={"password": "not it"}) for _ in range(5)]
    assert answers[0].status_code == 403
    assert answers[0].json()["type"] == "/problems/wrong-credentials"
    assert answers[0].json()["errors"][0]["field"] == "password"
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert own_client.get("/api/v1/session").json()["stepped_up_until"] is None


@pytest.mark.parametrize("body", [{}, {"password": ""}, {"password": "x" * 201}, {"pass": "x"}, []])
def test_bad_input(own_client: TestClient, body: object) -> None:
    """422, naming the field."""
    answer = own_client.post(PATH, json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"]


def test_a_wall_has_nothing_to_step_up_for(own_client: TestClient, own_context: Context) -> None:
    """403."""
    staff.add_account(own_context.engine, "a_wall", Role.WALL_DISPLAY, staff.CITY)
    staff.sign_in(own_client, "a_wall")
    answer = own_client.post(PATH, json={"password": staff.PASSWORD})
    assert answer.json()["type"] == "/problems/not-allowed"
