"""What the paths of planning ask for and how they are documented, in one place."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Header, Path, Query

from app.core.problem_docs import documented
from app.core.query_words import StrictQuery
from app.identity.deps import json_only
from app.planning.schemas import PlanId

PlanNumber = Annotated[PlanId, Path(description="Number of the plan.", examples=[1])]
_IF_MATCH = Header(
    alias="If-Match",
    max_length=200,
    description='The revision as it was seen, such as `"3"`; 412 when it moved on.',
)
Seen = Annotated[str, _IF_MATCH]
MaybeSeen = Annotated[str | None, _IF_MATCH]
NoWords = Annotated[StrictQuery, Query()]
KNOWN = documented(HTTPStatus.NOT_FOUND)
LOADED = documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)  # what `drafts.load` refuses
JSON_ONLY = [Depends(json_only)]
