"""The one place that asks what time it is."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

CITY_ZONE = ZoneInfo("Asia/Shanghai")


def utc_now() -> datetime:
    """The current instant, in UTC."""
    return datetime.now(UTC)


def city_midnight(at: datetime) -> datetime:
    """The instant (UTC) at which the local day that contains `at` began."""
    local = at.astimezone(CITY_ZONE)
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


DEFAULT_WINDOW = timedelta(days=30)
