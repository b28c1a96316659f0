"""Reports to send."""

from typing import Any
from uuid import uuid4

LON, LAT = 102.86, 36.34
CELL = 620111101001007


def a_report(**changes: Any) -> dict[str, Any]:
    """A report that is accepted as it stands; a member that is None is left out."""
    body = {
        "id": str(uuid4()),
        "category": "0110",
        "title": "路边暴露生活垃圾",
        "lon": LON,
        "lat": LAT,
        "source": "patrol",
        **changes,
    }
    return {key: value for key, value in body.items() if value is not None}
