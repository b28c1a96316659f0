"""Which step may follow in which state, and where it leads, as one table. Pure."""

from app.incidents.rules import Status, Step

_AT_ANY_TIME = {Step.SUPERVISE: None, Step.REMIND: None}
_WHILE_IT_RUNS = {Step.EXTEND: None, Step.REFUSE_EXTENSION: None, **_AT_ANY_TIME}
_OF_AN_APPEAL = {Step.APPEAL: None, Step.GRANT_APPEAL: None, Step.REFUSE_APPEAL: None}
_APART = {Step.MERGE: Status.DUPLICATE, Step.FORCE_CLOSE: Status.FORCED_CLOSE}
_AFTERWARDS = {Step.FOLLOW_UP: None, Step.REOPEN: Status.PENDING_DISPATCH}

STATUS_AFTER: dict[Status, dict[Step, Status | None]] = {
    Status.REPORTED: {
        Step.REGISTER: Status.REGISTERED, Step.REFUSE: Status.NOT_ACCEPTED,
        Step.ASK_VERIFICATION: Status.PENDING_VERIFY, Step.MERGE: Status.DUPLICATE,
        **_AT_ANY_TIME,
    },
    Status.PENDING_VERIFY: {
        Step.VERIFY: Status.REPORTED, Step.MERGE: Status.DUPLICATE, **_AT_ANY_TIME,
    },
    Status.REGISTERED: {
        Step.ASSIGN: Status.ASSIGNED, Step.ESCALATE: Status.PENDING_DISPATCH, **_APART,
        **_WHILE_IT_RUNS,
    },
    Status.PENDING_DISPATCH: {
        Step.ASSIGN: Status.ASSIGNED, Step.ESCALATE: Status.PENDING_DISPATCH, **_APART,
        **_WHILE_IT_RUNS, **_OF_AN_APPEAL,
    },
    Status.ASSIGNED: {
        Step.ACKNOWLEDGE: Status.ACKNOWLEDGED, Step.RETURN: Status.RETURNED,
        Step.ASSIGN: Status.ASSIGNED, **_APART, Step.ASK_EXTENSION: None, **_WHILE_IT_RUNS,
        **_OF_AN_APPEAL,
    },
    Status.RETURNED: {
        Step.ASSIGN: Status.ASSIGNED, Step.ESCALATE: Status.PENDING_DISPATCH, **_APART,
        **_WHILE_IT_RUNS, **_OF_AN_APPEAL,
    },
    Status.ACKNOWLEDGED: {
        Step.HANDLE: Status.HANDLING, Step.RETURN: Status.RETURNED,
        Step.ESCALATE: Status.PENDING_DISPATCH, Step.SUSPEND: Status.SUSPENDED, **_APART,
        Step.ASK_EXTENSION: None, **_WHILE_IT_RUNS, **_OF_AN_APPEAL,
    },
    Status.HANDLING: {
        Step.HAND_BACK: Status.HANDLED, Step.ESCALATE: Status.PENDING_DISPATCH,
        Step.SUSPEND: Status.SUSPENDED, **_APART, Step.ASK_EXTENSION: None, **_WHILE_IT_RUNS,
        **_OF_AN_APPEAL,
    },
    Status.SUSPENDED: {
        Step.RESUME: Status.HANDLING, Step.FORCE_CLOSE: Status.FORCED_CLOSE, **_WHILE_IT_RUNS,
        **_OF_AN_APPEAL,
    },
    Status.HANDLED: {
        Step.CHECK: Status.PENDING_CHECK, **_APART, **_AT_ANY_TIME, **_OF_AN_APPEAL,
    },
    Status.PENDING_CHECK: {
        Step.CLOSE: Status.CLOSED, Step.RETURN: Status.RETURNED, Step.CHECK: Status.PENDING_CHECK,
        **_APART, **_AT_ANY_TIME, **_OF_AN_APPEAL,
    },
    Status.CLOSED: _AFTERWARDS,
    Status.FORCED_CLOSE: _AFTERWARDS,
    Status.NOT_REPRODUCIBLE: _AFTERWARDS,
    Status.NOT_ACCEPTED: {Step.REOPEN: Status.REPORTED},
    Status.DUPLICATE: {Step.UNMERGE: None},
}  # fmt: skip
"""What may follow what, the ordinary course first; None where the step itself does not decide the
state. The receiver cannot jump a stage. What else a step hangs on stands in `rules`."""

NEEDS_REASON = frozenset({
    Step.REFUSE, Step.RETURN, Step.FORCE_CLOSE, Step.ESCALATE, Step.SUSPEND, Step.ASK_EXTENSION,
    Step.REFUSE_EXTENSION, Step.SUPERVISE, Step.REMIND, Step.UNMERGE, Step.REOPEN, Step.APPEAL,
    Step.REFUSE_APPEAL,
})  # fmt: skip
"""Steps that go against the ordinary course: a later reader must find out why."""


def steps_after(status: Status) -> tuple[Step, ...]:
    """What may follow in a state as far as the state decides, the ordinary course first."""
    return tuple(STATUS_AFTER[status])
