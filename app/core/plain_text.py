"""Text that strangers send: made uniform where that is harmless, refused where it is not.

Everything is data: nothing is escaped here, because escaping belongs to where a text is shown.
"""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator

# They turn the reading order of what follows around, so that a text shows as another one.
_REORDERING = "\u202a-\u202e\u2066-\u2069"
_SURROGATES = "\ud800-\udfff"
# All of category Cc but line end and tab, and what is no character on any of the 17 planes.
_CONTROL = "\0-\x08\x0b-\x1f\x7f-\x9f"
_NO_CHARACTERS = "\ufdd0-\ufdef" + "".join(
    chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF)
)
# One search instead of a look at each character: a description is read in a microsecond.
_REFUSED = re.compile(f"[{_REORDERING}{_SURROGATES}{_CONTROL}{_NO_CHARACTERS}]")
# As many as Unicode's own form for streams allows (UAX 15): to put marks into their order takes as
# long as the square of how many stand in a row.
MOST_MARKS = 30
# In the categories of a text, one after the other. By these: some marks that have no class of
# combination fall apart into such that do.
_MANY_MARKS = re.compile(f"(?:M[cen]){{{MOST_MARKS + 1}}}")
_LINE_ENDS = {"\r\n": "\n", "\r": "\n", "\u2028": "\n", "\u2029": "\n", "\x85": "\n"}


def clean_text(text: str) -> str:
    """The text in NFC, with `\\n` for every kind of line end and without blanks around it.

    Raises:
        ValueError: it carries control characters (NUL among them), lone surrogates, characters
            that reorder text, code points that are no characters, or marks without end on one.
    """
    if not text.isprintable():  # nothing printable ends a line or is refused
        for found, wanted in _LINE_ENDS.items():
            text = text.replace(found, wanted)
        if refused := _REFUSED.search(text):
            raise ValueError(_reason_against(refused[0]))
    is_long = len(text) > MOST_MARKS and not text.isascii()
    if is_long and _MANY_MARKS.search("".join(map(unicodedata.category, text))):
        raise ValueError(f"must not carry more than {MOST_MARKS} marks on one character")
    return unicodedata.normalize("NFC", text).strip()


def clean_line(text: str) -> str:
    """As `clean_text`, for one line in which something can be seen.

    Raises:
        ValueError: as `clean_text`; or line ends or tabs; or nothing that is visible.
    """
    text = clean_text(text)
    if "\n" in text or "\t" in text:
        raise ValueError("must be one line, without tabs")
    if all(unicodedata.category(character)[0] in "ZC" for character in text):
        raise ValueError("must not be blank")
    return text


def _reason_against(character: str) -> str:
    if re.match(f"[{_REORDERING}]", character):
        return "must not contain characters that reorder text (bidi controls)"
    if re.match(f"[{_SURROGATES}]", character):
        return "must be valid Unicode (it contains a lone surrogate)"
    return "must not contain control characters"


Line = Annotated[str, AfterValidator(clean_line)]
