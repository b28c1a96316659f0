"""What a sheet of posts says, and what it changes. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from app.identity.rules import Role, is_account_name
from geodata.codes import level_of

MOST_ROWS = 5_000

Cell = str | int | float | bool | None


class SheetKind(StrEnum):
    """What is done with the accounts of a sheet."""

    ADD = "add"
    END = "end"


class Outcome(StrEnum):
    """What a row of a sheet changes."""

    NEW = "new"
    GRANT = "grant"
    END = "end"
    SAME = "same"
    WRONG = "wrong"


class Column(StrEnum):
    """What is read of a sheet. Nothing else is: least of all who a post is given to."""

    ACCOUNT = "account"
    ROLE = "role"
    AREA = "area"


HEADINGS: Mapping[str, Column] = {
    "account": Column.ACCOUNT,
    "login": Column.ACCOUNT,
    "账号": Column.ACCOUNT,
    "登录名": Column.ACCOUNT,
    "role": Column.ROLE,
    "角色": Column.ROLE,
    "身份": Column.ROLE,
    "area": Column.AREA,
    "area code": Column.AREA,
    "area_code": Column.AREA,
    "区域": Column.AREA,
    "区域代码": Column.AREA,
}
ROLES: Mapping[str, Role] = {
    **{role.value: role for role in Role},
    "城市管理员": Role.CITY_ADMIN,
    "值班长": Role.DUTY_OFFICER,
    "调度员": Role.DISPATCHER,
    "规划员": Role.PLANNER,
    "网格员": Role.GRID_WORKER,
    "处置员": Role.RESPONDER,
    "审计员": Role.AUDITOR,
    "大屏": Role.WALL_DISPLAY,
}


class Post(NamedTuple):
    """A row that can be read: an account, and the grant that it is to have; None: none."""

    row: int
    account: str
    role: Role | None
    area: int | None


class Fault(NamedTuple):
    """A cell that cannot be taken; `row` as a spreadsheet counts: the headings are row 1."""

    row: int
    column: str
    reason: str


@dataclass(frozen=True)
class PostSheet:
    """What was read of a sheet.

    Attributes:
        ignored: headings of columns that nobody reads.
    """

    posts: tuple[Post, ...]
    faults: tuple[Fault, ...]
    ignored: tuple[str, ...]


class KnownAccount(NamedTuple):
    """An account that is there already.

    Attributes:
        visible: whether whoever brings the sheet sees it.
        manageable: whether they may end it.
        grants: (role, area) of each that holds without an end.
    """

    visible: bool
    manageable: bool
    disabled: bool
    grants: frozenset[tuple[Role, int]]


class Change(NamedTuple):
    """What becomes of a row; `column` and `reason` of one that is wrong."""

    row: int
    account: str
    outcome: Outcome
    role: Role | None = None
    area: int | None = None
    column: str | None = None
    reason: str | None = None


def read(headings: Sequence[str], rows: Iterable[tuple[int, Sequence[Cell]]]) -> PostSheet:
    """The posts of a sheet.

    Raises:
        ValueError: a column is missing, or there twice; the message says which.
    """
    places: dict[Column, int] = {}
    ignored = []
    for place, heading in enumerate(headings):
        column = HEADINGS.get(heading.strip().lower())
        if column is None:
            ignored.append(heading)
        elif column in places:
            raise ValueError(f"two columns tell the {column.value}")
        else:
            places[column] = place
    if Column.ACCOUNT not in places:
        raise ValueError("no column is called account (账号)")
    posts, faults, taken = [], [], dict[tuple[str, Role | None, int | None], int]()
    for row, cells in rows:
        post = _post(row, {column: cells[place] for column, place in places.items()})
        if isinstance(post, Fault):
            faults.append(post)
            continue
        before = taken.setdefault((post.account, post.role, post.area), row)
        if before != row:
            faults.append(Fault(row, "account", f"says the same as row {before}"))
            continue
        posts.append(post)
    return PostSheet(tuple(posts), tuple(faults), tuple(ignored))


def _post(row: int, cells: Mapping[Column, Cell]) -> Post | Fault:
    name = _text(cells[Column.ACCOUNT])
    role_word, area_word = _text(cells.get(Column.ROLE)), _text(cells.get(Column.AREA))
    role = ROLES.get(role_word.lower())
    checks = (
        (
            not is_account_name(name),
            Column.ACCOUNT,
            "is no name of an account: a-z, 0-9, - and _,"
            " beginning with a letter, 2 to 40; a dot and an area code may follow",
        ),
        (bool(role_word) and role is None, Column.ROLE, "is no role"),
        (bool(role_word) and not area_word, Column.AREA, "is missing beside the role"),
        (bool(area_word) and not role_word, Column.ROLE, "is missing beside the area"),
        (bool(area_word) and not _is_area(area_word), Column.AREA, "is no 15-digit area code"),
    )
    for is_wrong, column, reason in checks:
        if is_wrong:
            return Fault(row, column.value, reason)
    return Post(row, name, role, int(area_word) if area_word else None)


def _text(cell: Cell) -> str:
    # A workbook keeps a code of digits as a number, often as one with a fraction of nothing.
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return "" if cell is None else str(cell).strip()


def _is_area(word: str) -> bool:
    if not (word.isascii() and word.isdigit()):
        return False
    try:
        level_of(int(word))
    except ValueError:
        return False
    return True


def additions(
    sheet: PostSheet, known: Mapping[str, KnownAccount], areas: frozenset[int]
) -> list[Change]:
    """What each row adds, by row.

    Args:
        known: the accounts of the sheet that are there already, by login.
        areas: codes of the sheet in which whoever brings it may grant.
    """
    return _sorted(sheet, [_addition(post, known.get(post.account), areas) for post in sheet.posts])


def _addition(post: Post, known: KnownAccount | None, areas: frozenset[int]) -> Change:
    row, name, role, area = post
    if area is not None and area not in areas:
        return _wrong(post, "area", "is no area of yours")
    if known is None:
        return Change(row, name, Outcome.NEW, role, area)
    if not known.visible:
        return _wrong(post, "account", "is an account of another area")
    if known.disabled:
        return _wrong(post, "account", "is disabled; enable it first")
    if role is None or area is None or (role, area) in known.grants:
        return Change(row, name, Outcome.SAME, role, area)
    return Change(row, name, Outcome.GRANT, role, area)


def endings(sheet: PostSheet, known: Mapping[str, KnownAccount], own: str | None) -> list[Change]:
    """What each row ends, by row; role and area of a row do not count.

    Args:
        own: login of whoever brings the sheet.
    """
    return _sorted(sheet, [_ending(post, known.get(post.account), own) for post in sheet.posts])


def _ending(post: Post, known: KnownAccount | None, own: str | None) -> Change:
    if known is None or not known.visible:
        return _wrong(post, "account", "is no account of your area")
    if post.account == own:
        return _wrong(post, "account", "is your own")
    if not known.manageable:
        return _wrong(post, "account", "belongs to, or acts in, an area beyond yours")
    outcome = Outcome.SAME if known.disabled and not known.grants else Outcome.END
    return Change(post.row, post.account, outcome)


def _wrong(post: Post, column: str, reason: str) -> Change:
    return Change(post.row, post.account, Outcome.WRONG, post.role, post.area, column, reason)


def _sorted(sheet: PostSheet, changes: Iterable[Change]) -> list[Change]:
    faults = [
        Change(fault.row, "", Outcome.WRONG, column=fault.column, reason=fault.reason)
        for fault in sheet.faults
    ]
    return sorted([*changes, *faults], key=lambda change: change.row)
