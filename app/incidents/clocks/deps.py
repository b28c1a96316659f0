"""The city's calendar of working days, as a route asks for it."""

from typing import Annotated

from fastapi import Depends

from app.core.errors import unavailable
from app.identity.deps import ContextDep
from app.incidents.clocks.workdays import CityCalendar, WorkingDaysError, city_calendar


def get_calendar(context: ContextDep) -> CityCalendar:
    """The working days of this city; 503 while its own file of them cannot be used."""
    try:
        return city_calendar(context.settings.data_dir)
    except WorkingDaysError as error:
        raise unavailable(f"{error}.") from error


Days = Annotated[CityCalendar, Depends(get_calendar)]
