"""The forms in which the name of an area is written."""

import re
from typing import NamedTuple

ROAD_ENDS = tuple("路街巷道桥")
"""A name that ends so is also the name of a road."""

_COMMUNITY = ("社区居民委员会", "社区居委会", "社区委会", "居民委员会", "居委会", "社区")
_VILLAGE = ("村民委员会", "村委会", "村")
_ENDINGS = {
    "city": ("市",),
    "district": ("区", "县", "市"),
    "subdistrict": ("街道办事处", "街道办", "街道", "镇", "乡"),
    "community": _COMMUNITY + _VILLAGE,
}
FULL, ALIAS, OTHER_ENDING, OTHER_KIND, SHORT = 1.0, 0.97, 0.93, 0.85, 0.8
_LEAST_SHORT = 2


class Form(NamedTuple):
    """One way to write a name, and how surely it means the area when it is read."""

    text: str
    strength: float
    is_short: bool  # without the word for the kind of area


def core_of(name: str, level: str) -> str:
    """The name without the word for its kind; the whole name where little would be left."""
    for ending in _ENDINGS.get(level, ()):
        core = name.removesuffix(ending)
        if core != name and len(core) >= _LEAST_SHORT:
            return core
    return name


def forms(name: str, level: str, aliases: tuple[str, ...] = ()) -> list[Form]:
    """All forms of a name, the surest first; none twice."""
    core = core_of(name, level)
    found = [Form(name, FULL, False)]
    found += [Form(alias, ALIAS, False) for alias in aliases]
    if core != name:
        for ending in _ENDINGS[level]:
            same = level != "community" or (ending in _VILLAGE) == name.endswith(_VILLAGE)
            found.append(Form(core + ending, OTHER_ENDING if same else OTHER_KIND, False))
        found.append(Form(core, SHORT, True))
    once: dict[str, Form] = {}
    for form in found:
        once.setdefault(form.text, form)
    return list(once.values())


def is_road(text: str) -> bool:
    """Whether the text ends in a word for a road."""
    return text.endswith(ROAD_ENDS)


_KIND_WORD = re.compile("街道|社区|村|镇|乡|居委会")


def names_an_area(text: str) -> bool:
    """Whether a word for a subdistrict or community stands in the text."""
    return _KIND_WORD.search(text) is not None


_ELSEWHERE = re.compile(
    "小区|小学|中学|大学|学校|大厦|广场|花园|医院|商场|市场|酒店|饭店|公园|车站"
)


def is_elsewhere(text: str) -> bool:
    """Whether the text names a building or a place of its own, which is no slip of a name."""
    return _ELSEWHERE.search(text) is not None
