"""A database's address as libpq takes it says what the URL says."""

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import URL, make_url

from app.core.db import as_psycopg_url, conninfo

AWKWARD = "a 'b' \\c \"d\" %41+&=@:/?#"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (URL.create("postgresql", "me", AWKWARD, "db.example", 5433, "the city"),
         {"user": "me", "password": AWKWARD, "host": "db.example", "port": "5433",
          "dbname": "the city"}),
        (make_url("postgres://me@/city?host=/run/民情 地图&port=5433"),
         {"user": "me", "host": "/run/民情 地图", "port": "5433", "dbname": "city"}),
        (make_url("postgresql://me@/city?host=one:1&host=two:2&options=-c%20jit%3Doff"),
         {"user": "me", "host": "one,two", "port": "1,2", "dbname": "city",
          "options": "-c jit=off"}),
        (make_url("postgresql:///city"), {"dbname": "city"}),
    ],
    ids=["password", "socket", "two hosts", "short"],
)  # fmt: skip
def test_each_word_arrives_as_it_was(url: URL, words: dict[str, str]) -> None:
    """Whatever stands in it; with a port as a text."""
    found = conninfo_to_dict(conninfo(as_psycopg_url(url.render_as_string(hide_password=False))))
    assert {name: str(value) for name, value in found.items()} == words


def test_a_password_with_a_space_opens(city_database: URL) -> None:
    """What was written as a URL was refused by libpq before it asked anybody."""
    with psycopg.connect(conninfo(city_database.set(password="two words"))) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
