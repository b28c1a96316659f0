"""Which passwords are taken, and what is said about those that are not."""

import pytest

from app.identity.password_rules import faults


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("short", "10 characters at least"),
        ("x1y2z3" * 40, "200 characters at most"),
        ("aaaabbbbcccc", "5 different characters"),
        ("with\tcontrol characters", "no control characters"),
        (" begins with a blank", "begins nor ends with a blank"),
        ("ends with a blank ", "begins nor ends with a blank"),
        ("my duty_officer key", "the account's name"),
        ("DUTY_OFFICER-2026!", "the account's name"),
        ("password2026", "guessed first"),
        ("P@ssw0rd!!2026", "guessed first"),
        ("minqing123456", "guessed first"),
        ("woaini1314520", "guessed first"),
        ("1234567890", "guessed first"),
        ("0987654321", "guessed first"),
        ("qwertyuiop", "guessed first"),
        ("1qaz2wsx3edc", "guessed first"),
        ("abcdefghijk", "guessed first"),
        ("asdfghjkl123", "guessed first"),
    ],
)
def test_what_is_not_taken_says_why(password: str, said: str) -> None:
    """Each with its own words."""
    found = faults(password, "duty_officer.620111000000000")
    assert any(said in words for words in found), found


@pytest.mark.parametrize(
    "password",
    ["correct horse battery", "黄河两岸的灯火很好看呀", "kG7!vw2Lq0", "a password for tests",
     "tulip 1234 lantern gate", "Tr0ub4dor&3x"],
)  # fmt: skip
def test_what_is_taken(password: str) -> None:
    """Length and no well-known ones; no rules about kinds of characters."""
    assert faults(password, "duty_officer") == []


def test_everything_is_said_at_once() -> None:
    """Nobody tries three times to be told three things."""
    assert len(faults("aaaa ", "duty_officer")) == 3
