"""Which passwords are taken. Pure; follows NIST SP 800-63B: length and no well-known ones, no
rules about kinds of characters, no expiry."""

import re

LEAST_CHARACTERS = 10
MOST_CHARACTERS = 200
LEAST_DIFFERENT = 5
LEAST_OF_A_NAME = 4
# A password must have more than this beside a run such as 123456 or qwerty.
LONGEST_RUN = 6

_RUNS = (
    "01234567890123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn", "1q2w3e4r5t6y7u8i9o0p", "qazwsxedcrfvtgb", "!@#$%^&*()",
)  # fmt: skip
# The stem of what is guessed first, in the world and here.
_STEMS = (
    "password", "letmein", "welcome", "administrator", "admin",
    "iloveyou", "changeme", "default", "root", "woaini", "wodemima", "mima", "minqing", "lanzhou",
    "wangge", "zongzhi", "gonganju", "paichusuo",
)  # fmt: skip
_AT_THE_ENDS = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_DISGUISE = str.maketrans("@0135$", "aoless")


def faults(password: str, name: str) -> list[str]:
    """Why a password is not taken, in words that continue "A password …"; empty: it is taken.

    Args:
        name: of the account.
    """
    low = password.casefold()
    checks = (
        (len(password) < LEAST_CHARACTERS, f"has {LEAST_CHARACTERS} characters at least"),
        (len(password) > MOST_CHARACTERS, f"has {MOST_CHARACTERS} characters at most"),
        (not password.isprintable(), "has no control characters"),
        (password != password.strip(), "neither begins nor ends with a blank"),
        (len(set(low)) < LEAST_DIFFERENT, f"has {LEAST_DIFFERENT} different characters at least"),
        (_holds_name(low, name), "does not hold the account's name"),
        (_is_well_known(low), "is not one of those that are guessed first"),
    )
    return [words for is_broken, words in checks if is_broken]


def _holds_name(low: str, name: str) -> bool:
    post = name.partition(".")[0]
    return any(len(part) >= LEAST_OF_A_NAME and part in low for part in (name, post))


def _is_well_known(low: str) -> bool:
    rest = low
    for run in _RUNS:
        for way in (run, run[::-1]):
            rest = _without_run(rest, way)
    if rest != low and len(low) - len(rest) >= LONGEST_RUN and len(rest) < LONGEST_RUN:
        return True
    return _AT_THE_ENDS.sub("", low).translate(_DISGUISE) in _STEMS


def _without_run(text: str, run: str) -> str:
    """`text` without the longest piece of `run` in it, if that has four characters or more."""
    for length in range(min(len(run), len(text)), 3, -1):
        for start in range(len(run) - length + 1):
            if run[start : start + length] in text:
                return text.replace(run[start : start + length], "", 1)
    return text
