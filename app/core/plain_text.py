"""Text that strangers send: made uniform where that is harmless, refused where it is not.

Everything is data: nothing is escaped here, because escaping belongs to where a text is shown.
"""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator

# They turn the reading order of what follows around, so that a text shows as another one.
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# As many as Unicode's own form for streams allows (UAX 15): to put marks into their order takes as
# long as the square of how many stand in a row.
MOST_MARKS = 30
_LINE_ENDS = {"\r\n": "\n", "\r": "\n", "\u2028": "\n", "\u2029": "\n", "\x85": "\n"}


def clean_text(text: str) -> str:
    """The text in NFC, with `\\n` for every kind of line end and without blanks around it.

    Raises:
        ValueError: it carries control characters (NUL among them), lone surrogates, characters
            that reorder text, code points that are no characters, or marks without end on one.
    """
    for found, wanted in _LINE_ENDS.items():
        text = text.replace(found, wanted)
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        # By the category: some that have no class of combination fall apart into marks that do.
        marks = marks + 1 if category[0] == "M" else 0
        if marks > MOST_MARKS:
            raise ValueError(f"must not carry more than {MOST_MARKS} marks on one character")
        if character in _REORDERING:
            raise ValueError("must not contain characters that reorder text (bidi controls)")
        if category == "Cs":
            raise ValueError("must be valid Unicode (it contains a lone surrogate)")
        if (category == "Cc" and character not in "\n\t") or _is_no_character(character):
            raise ValueError("must not contain control characters")
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


def _is_no_character(character: str) -> bool:
    return ord(character) & 0xFFFE == 0xFFFE or "\ufdd0" <= character <= "\ufdef"


Line = Annotated[str, AfterValidator(clean_line)]
