"""What a viewer may ask of the stream."""

from pydantic import Field

from app.core.query_words import AreaCode, StrictQuery


class StreamQuery(StrictQuery):
    """Query words of the stream."""

    area: AreaCode | None = Field(
        default=None,
        description="Only events inside this area, of any level; default: the whole city.",
    )
    last_event_id: str | None = Field(
        default=None,
        max_length=200,
        description="Resume after this event id; the header Last-Event-ID goes before it.",
    )
