"""The city's calendar of working days, as a route asks for it."""

from typing import Annotated

from fastapi import Depends

from app.identity.deps import ContextDep
from app.incidents.clocks.service import calendar_in
from app.incidents.clocks.workdays import CityCalendar


async def get_calendar(context: ContextDep) -> CityCalendar:
    """The working days of this city; 503 while its own file of them cannot be used."""
    return calendar_in(context.settings.data_dir)


Days = Annotated[CityCalendar, Depends(get_calendar)]
"""Limits and deadlines are counted by these."""
