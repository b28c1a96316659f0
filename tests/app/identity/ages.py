"""Making sessions older than they are: the database's clock cannot be set."""

from sqlalchemy import text

from app.core.context import Context
from app.core.db import reading, writing
from app.identity import service


def set_back(context: Context, token: str, column: str, ago: str) -> None:
    """Let a session have begun, or been used, so long ago."""
    with writing(context.engine) as session:
        session.execute(
            text(f"UPDATE sign_in SET {column} = now() - CAST(:ago AS interval)"
                 " WHERE token_hash = :hash"),
            {"ago": ago, "hash": service.token_hash(token)},
        )  # fmt: skip


def watch_no_more(context: Context, token: str) -> None:
    """Let a session end when it is idle, as where MINQING_WATCHING_HOURS is 0."""
    with writing(context.engine) as session:
        session.execute(
            text("UPDATE sign_in SET unused_for = interval '0' WHERE token_hash = :hash"),
            {"hash": service.token_hash(token)},
        )


def idle_s(context: Context, token: str) -> float:
    """For how many seconds nobody has used a session."""
    question = "SELECT extract(epoch FROM now() - seen_at) FROM sign_in WHERE token_hash = :hash"
    with reading(context.engine) as session:
        seconds = session.scalar(text(question), {"hash": service.token_hash(token)})
    assert seconds is not None
    return float(seconds)
