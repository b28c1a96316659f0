"""Who may do what, as pure decisions. Imports nothing of ours."""

import ipaddress
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

# Failures of one account from one place that cost nothing: everybody mistypes.
FREE_FAILURES = 3
LONGEST_WAIT_S = 300.0
FORGET_FAILURES_S = 3_600.0
# An account at which so often failed what came from wherever is being guessed at: who fails there
# from a new address waits as if that had failed so much more often.
GUESSED_FAILURES = 20
GUESSED_EXTRA = 6
ACCOUNT_LEAK_S = 60.0
# From one address so many may fail, with whichever account, and then one more every so many
# seconds. Behind one address there may be a whole office in the morning.
ADDRESS_FAILURES = 200
ADDRESS_LEAK_S = 10.0
IPV6_PLACE_BITS = 64
# For so long a password that was given again opens what is protected.
STEP_UP_S = 300
# A session ends so long after its sign-in (a shift). That of a screen on a wall has no such end: it
# goes on for as long as it is seen, and ends when nobody has seen it for so many days. The same
# stands in app/sql/30_scope.sql.
SESSION_HOURS = 12
WALL_UNSEEN_DAYS = 30

_NAME = re.compile(r"[a-z][a-z0-9_-]{1,39}(\.[0-9]{15})?", re.ASCII)


class Role(StrEnum):
    """In which capacity somebody acts."""

    CITY_ADMIN = "city_admin"
    DUTY_OFFICER = "duty_officer"
    DISPATCHER = "dispatcher"
    PLANNER = "planner"
    GRID_WORKER = "grid_worker"
    RESPONDER = "responder"
    AUDITOR = "auditor"
    WALL_DISPLAY = "wall_display"


EVERYBODY = frozenset(Role)
PLAN_READERS = frozenset({Role.PLANNER, Role.CITY_ADMIN, Role.DUTY_OFFICER, Role.AUDITOR})
REPORTERS = EVERYBODY - {Role.AUDITOR, Role.WALL_DISPLAY}

# Operations (by their id in the API document) that need no sign-in.
OPEN_OPERATIONS = frozenset({
    "healthz", "readyz", "metrics", "docs", "style", "sign_in", "get_oidc", "start_oidc",
    "finish_oidc",
})  # fmt: skip


class KeyRight(StrEnum):
    """What the key of a program opens."""

    REPORT = "report"
    READ = "read"
    LIST = "list"
    WARN = "warn"


# What programs do by a key (identity.keys) instead of a session, and the right that each needs.
KEY_OPERATIONS: dict[str, KeyRight] = {
    "report_incident": KeyRight.REPORT,
    "report_incidents": KeyRight.REPORT,
    "get_incident": KeyRight.READ,
    "get_incident_by_no": KeyRight.READ,
    "list_incident_states": KeyRight.READ,
    "list_incidents": KeyRight.LIST,
    "send_warning": KeyRight.WARN,
}
# Of these nothing is open to a session.
KEY_ONLY = frozenset({"send_warning", "list_incident_states"})


# Every other operation, and who may do it. What is not here is refused to everybody.
OPERATIONS: dict[str, frozenset[Role]] = {
    **dict.fromkeys(
        (
            "get_session", "sign_out", "switch_grant",
            "get_city", "list_categories",
            "list_areas", "get_area", "get_area_boundary", "search_addresses", "name_point",
            "list_stations", "list_assignments", "list_staffing", "list_duty_units", "list_rooms",
            "list_incidents", "list_due", "summarise_clocks", "get_incident",
            "get_incident_by_no", "stream",
            "list_layers", "get_figures", "count_incidents", "count_incidents_over_time",
            "get_heat_legend", "get_heat_tile",
            "get_calendar_overview", "get_calendar_year",
            *(f"get_{layer}_{form}"
              for layer in ("areas", "cells", "incidents", "stations", "assignments", "features")
              for form in ("tile", "geojson")),
        ),
        EVERYBODY,
    ),
    **dict.fromkeys(("report_incident", "report_incidents", "suggest_duplicates"), REPORTERS),
    # Which step of which case: incidents.lifecycle.who_may.
    **dict.fromkeys(("take_step", "list_tasks"), REPORTERS - {Role.PLANNER}),
    **dict.fromkeys(
        ("export_incidents_csv", "export_incidents_xlsx"),
        frozenset({Role.CITY_ADMIN, Role.DUTY_OFFICER, Role.DISPATCHER}),
    ),
    # A screen on a wall is nobody's own.
    **dict.fromkeys(
        (
            "change_own_password", "begin_second_factor", "confirm_second_factor",
            "renew_recovery_codes", "remove_second_factor",
        ),
        EVERYBODY - {Role.WALL_DISPLAY},
    ),
    **dict.fromkeys(("get_standard", "get_standard_workbook"), EVERYBODY - {Role.WALL_DISPLAY}),
    **dict.fromkeys(
        ("preview_standard", "publish_standard", "take_calendar_year"),
        frozenset({Role.CITY_ADMIN}),
    ),
    **dict.fromkeys(("list_attachments", "get_attachment"), EVERYBODY - {Role.WALL_DISPLAY}),
    **dict.fromkeys(("add_attachment", "delete_attachment"), REPORTERS - {Role.PLANNER}),
    **dict.fromkeys(("list_audit", "check_audit"), frozenset({Role.AUDITOR, Role.CITY_ADMIN})),
    **dict.fromkeys(
        ("put_contact", "delete_contact", "reveal_contact"),
        # As incidents.contacts.rules.HANDLERS, which says more.
        frozenset({Role.GRID_WORKER, Role.RESPONDER, Role.DUTY_OFFICER, Role.DISPATCHER}),
    ),
    **dict.fromkeys(
        ("list_mediations", "get_mediation", "list_openings"),
        EVERYBODY - {Role.PLANNER, Role.WALL_DISPLAY},
    ),
    # Whoever leads, and at which tier: mediation.table_view. Units at the table say what they did.
    **dict.fromkeys(
        ("open_mediation", "call_in_unit", "set_meeting", "cancel_mediation"),
        frozenset({Role.CITY_ADMIN, Role.DUTY_OFFICER, Role.DISPATCHER}),
    ),
    **dict.fromkeys(
        ("note_met", "record_outcome", "record_performance", "record_follow_up"),
        frozenset({Role.CITY_ADMIN, Role.DUTY_OFFICER, Role.DISPATCHER, Role.RESPONDER}),
    ),
    "answer_call": REPORTERS - {Role.PLANNER},
    **dict.fromkeys(
        ("list_warnings", "get_warning"),
        frozenset({
            Role.CITY_ADMIN, Role.DUTY_OFFICER, Role.DISPATCHER, Role.RESPONDER, Role.AUDITOR,
        }),
    ),
    "take_warning_step": frozenset({
        Role.CITY_ADMIN, Role.DUTY_OFFICER, Role.DISPATCHER, Role.RESPONDER,
    }),
    # What is open to all of these is open inside their own area only.
    **dict.fromkeys(
        (
            "list_plans", "get_plan", "get_plan_log", "list_comments",
            "get_plan_measures", "list_plan_cells", "list_plan_moves", "list_plan_problems",
            "get_plan_community", "list_plan_seams", "get_units_tile", "get_units_geojson",
            "compare_plans", "get_plan_outline", "get_plan_staffing", "get_plan_report",
            "export_plan_csv", "export_plan_geojson", "export_plan_gpkg",
            "list_plan_jobs", "get_plan_job",
        ),
        PLAN_READERS,
    ),
    # Whoever drew on a plan does not approve it: planning.life.steps.
    **dict.fromkeys(
        (
            "create_plan", "import_plan", "change_plan", "take_plan_step", "rebase_plan",
            "lock_area", "unlock_area", "add_comment", "settle_comment",
            "edit_plan", "undo_edit", "redo_edit",
            "start_plan_job", "cancel_plan_job",
        ),
        frozenset({Role.PLANNER, Role.CITY_ADMIN}),
    ),
    "step_up": EVERYBODY - {Role.WALL_DISPLAY},
    # One's own; an admin's also those of their area: identity.session_queries.
    **dict.fromkeys(
        ("list_sessions", "label_session", "end_session"), EVERYBODY - {Role.WALL_DISPLAY}
    ),
    "release_account": EVERYBODY,
    **dict.fromkeys(
        (
            "list_users", "add_user", "get_user", "change_user", "add_grant", "revoke_grant",
            "end_user_sessions",
            "list_proposals", "get_proposal", "confirm_proposal", "refuse_proposal",
            "withdraw_proposal", "preview_user_sheet", "take_user_sheet",
            "get_account_change", "cancel_account_change",
            "list_webhooks", "add_webhook", "remove_webhook", "list_webhook_deliveries",
            "resend_webhook",
            "list_duty_mailboxes", "set_duty_mailbox", "remove_duty_mailbox", "list_duty_mails",
            "resend_duty_mail", "test_duty_mailbox",
        ),
        frozenset({Role.CITY_ADMIN}),
    ),
}  # fmt: skip


# What stays open to a session that only watches: the map, counts, and cases without free text. The
# database holds it to the same (role `minqing_watching`, app/sql/30_scope.sql).
OPEN_WHILE_WATCHING = frozenset({
    "get_session", "sign_out", "step_up",
    "get_city", "list_categories", "list_areas", "get_area", "get_area_boundary",
    "search_addresses", "name_point",
    "list_stations", "list_assignments", "list_staffing", "list_duty_units",
    "list_incidents", "list_due", "summarise_clocks", "stream",
    "list_layers", "get_figures", "count_incidents", "count_incidents_over_time",
    "get_heat_legend", "get_heat_tile", "get_calendar_overview",
    *(f"get_{layer}_{form}"
      for layer in ("areas", "cells", "incidents", "stations", "assignments", "features")
      for form in ("tile", "geojson")),
})  # fmt: skip
# What asks for the password first. Every operation stands in one of the two.
CLOSED_WHILE_WATCHING = frozenset({
    "switch_grant", "change_own_password", "begin_second_factor", "confirm_second_factor",
    "renew_recovery_codes", "remove_second_factor", "get_account_change", "cancel_account_change",
    "get_incident", "get_incident_by_no", "list_rooms",
    "get_calendar_year", "report_incident", "report_incidents", "suggest_duplicates",
    "take_step", "list_tasks", "export_incidents_csv", "export_incidents_xlsx",
    "get_standard", "get_standard_workbook", "preview_standard", "publish_standard",
    "take_calendar_year", "list_attachments", "get_attachment", "add_attachment",
    "delete_attachment", "list_audit", "check_audit", "put_contact", "delete_contact",
    "reveal_contact", "list_mediations", "get_mediation", "list_openings", "open_mediation",
    "call_in_unit", "set_meeting", "cancel_mediation", "note_met", "record_outcome",
    "record_performance", "record_follow_up", "answer_call", "list_warnings", "get_warning",
    "take_warning_step", "list_plans", "get_plan", "get_plan_log", "list_comments",
    "get_plan_measures", "list_plan_cells", "list_plan_moves", "list_plan_problems",
    "get_plan_community", "list_plan_seams", "get_units_tile", "get_units_geojson",
    "compare_plans", "get_plan_outline", "get_plan_staffing", "get_plan_report",
    "export_plan_csv", "export_plan_geojson", "export_plan_gpkg", "list_plan_jobs",
    "get_plan_job", "create_plan", "import_plan", "change_plan", "take_plan_step",
    "rebase_plan", "lock_area", "unlock_area", "add_comment", "settle_comment", "edit_plan",
    "undo_edit", "redo_edit", "start_plan_job", "cancel_plan_job", "list_users", "add_user",
    "get_user", "change_user", "add_grant", "revoke_grant", "end_user_sessions",
    "list_sessions", "label_session", "end_session", "release_account", "list_proposals",
    "get_proposal", "confirm_proposal", "refuse_proposal", "withdraw_proposal",
    "preview_user_sheet", "take_user_sheet", "list_webhooks", "add_webhook",
    "remove_webhook", "list_webhook_deliveries", "resend_webhook", "list_duty_mailboxes",
    "set_duty_mailbox", "remove_duty_mailbox", "list_duty_mails", "resend_duty_mail",
    "test_duty_mailbox",
})  # fmt: skip
# What is open to a session whose account waits for its code, for another password, or for a second
# factor.
FIRST_SIGN_IN = frozenset(
    {
        "get_session",
        "sign_out",
        "switch_grant",
        "change_own_password",
        "release_account",
        "begin_second_factor",
        "confirm_second_factor",
    }
)


def may(role: Role, operation: str) -> bool:
    """Whether a role may do an operation, within its area."""
    return role in OPERATIONS.get(operation, ())


def key_may(rights: frozenset[KeyRight], operation: str) -> bool:
    """Whether a program's key opens an operation, within its area."""
    return KEY_OPERATIONS.get(operation) in rights


def reads_free_text(role: Role) -> bool:
    """Whether a role is shown descriptions and reasons; a screen on a wall is not."""
    return role is not Role.WALL_DISPLAY


def is_account_name(name: str) -> bool:
    """Whether this can be the name of an account: of a post, never of a person's papers."""
    return _NAME.fullmatch(name) is not None


def place_of(source: str) -> str:
    """The place from which a request comes, by its address, as failures are counted for it.

    Of IPv6 the network (/64): every line to a home or an office has one, and its holder all of its
    addresses. One of IPv4 that is written as IPv6 is the same place.
    """
    try:
        address = ipaddress.ip_address(source.partition("%")[0])
    except ValueError:  # a name, or nothing: of a test, or a socket of this machine
        return source
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((address, IPV6_PLACE_BITS), strict=False))


def wait_s(failures: int) -> float:
    """Seconds to wait after so many failures in a row before the next attempt is looked at."""
    if failures < FREE_FAILURES:
        return 0.0
    return float(min(2.0 ** min(failures - FREE_FAILURES, 20), LONGEST_WAIT_S))


def failures_after(failures: int, since_s: float) -> int:
    """How many of these failures still count, so many seconds after the last."""
    return 0 if since_s > FORGET_FAILURES_S else failures


def wait_left_s(failures: int, since_s: float, *, is_guessed: bool = False) -> float:
    """Seconds that are left to wait, `since_s` after the last of so many failures in a row.

    Args:
        is_guessed: whether the account fails from many places: then the first one counts already.
    """
    counted = failures_after(failures, since_s)
    if counted and is_guessed:
        counted += GUESSED_EXTRA
    return max(0.0, wait_s(counted) - since_s)


def leaked(count: int, since_s: float, every_s: float) -> int:
    """What is left of a count, `since_s` after the last that was added, when one goes every so many
    seconds."""
    return max(0, count - int(max(0.0, since_s) // every_s))


def wait_of_address_s(failures: int, since_s: float) -> float:
    """Seconds until one more may fail from an address, `since_s` after the last of so many."""
    over = failures - ADDRESS_FAILURES + 1
    return max(0.0, over * ADDRESS_LEAK_S - since_s) if over > 0 else 0.0


def cookie_lasts_s(role: Role) -> int | None:
    """For how many seconds a browser keeps the cookie of a session; None: until it is closed."""
    return WALL_UNSEEN_DAYS * 86_400 if role is Role.WALL_DISPLAY else None


@dataclass(frozen=True)
class Terms:
    """How long a session goes on that nobody uses, and what it wants of its account.

    Attributes:
        idle: after so long without a person it acts no more.
        watching: until so long after its sign-in it watches then; nothing: it ends instead.
        factor_roles: acting in one of these it opens nothing until the account has a second factor.
    """

    idle: timedelta = timedelta(minutes=15)
    watching: timedelta = timedelta(hours=SESSION_HOURS)
    factor_roles: frozenset[Role] = frozenset()


def is_stepped_up(until: datetime | None, now: datetime) -> bool:
    """Whether the password was given again recently enough; both in UTC."""
    return until is not None and now < until


@dataclass(frozen=True)
class HeldGrant:
    """Under what a session acts; first and last code of its area, both inclusive.

    Attributes:
        watching: whether it only watches just now.
    """

    grant_id: int
    role: Role
    lo: int
    hi: int
    watching: bool = False


@dataclass(frozen=True)
class Actor:
    """Who acts, under which one of their grants.

    Attributes:
        name: of the account.
        lo, hi: first and last code of the grant's area, both inclusive.
        token: the session's, as the browser holds it.
        stepped_up_until: until when what is protected is open (UTC; see step_up.require_step_up).
        watching: whether the session only watches: nobody has used it for a while, and it does
            nothing else until the password is given again.
        awaits_code: whether the account must be released first (second_person.release).
        first_password: whether it must change a password that somebody else has set.
        needs_factor: whether its role must have a second factor, and the account has none.
        by_provider: whether the session was begun at the city's provider.
    """

    account_id: int
    name: str
    demo: bool
    grant_id: int
    role: Role
    area_code: int
    lo: int
    hi: int
    token: str
    stepped_up_until: datetime | None = None
    watching: bool = False
    awaits_code: bool = False
    first_password: bool = False
    needs_factor: bool = False
    by_provider: bool = False

    @property
    def at_first_sign_in(self) -> bool:
        """Whether nothing is open but what ends this."""
        return self.awaits_code or self.first_password or self.needs_factor

    @property
    def grant(self) -> HeldGrant:
        """Under what they act."""
        return HeldGrant(self.grant_id, self.role, self.lo, self.hi, self.watching)


PROGRAM_NAME_FORM = "must be a-z, 0-9, dot, - and _, beginning with a letter, 2 to 40"
_PROGRAM_NAME = re.compile(r"[a-z][a-z0-9_.-]{1,39}", re.ASCII)


def is_program_name(name: str) -> bool:
    """Whether this can be the name of a key, or of a webhook."""
    return _PROGRAM_NAME.fullmatch(name) is not None


@dataclass(frozen=True)
class Key:
    """A program that acts by its key, and where.

    Attributes:
        program: the key's name.
        lo, hi: first and last code of its area, both inclusive.
        token: the key itself, by which row security knows it.
        rights: what it opens.
    """

    id: int
    program: str
    area_code: int
    lo: int
    hi: int
    token: str
    rights: frozenset[KeyRight]
    watching: Literal[False] = False

    @property
    def name(self) -> str:
        """As the audit names it; no account can have such a name."""
        return f"key:{self.program}"

    @property
    def role(self) -> None:
        """A program acts in no role."""


Asker = Actor | Key
"""Whoever asks: a post under one of its grants, or a program by its key."""
