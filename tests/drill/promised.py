"""Made-up requests over all operations of a station's server, in several roles."""

from sqlalchemy import text

from app.core.db import reading
from app.identity.rules import Role
from geodata.progress import Progress
from tests import staff
from tests.drill.promises import Measured
from tests.drill.station import Station
from tests.generated import modes, operations, send

ROLES = (Role.CITY_ADMIN, Role.DUTY_OFFICER, Role.GRID_WORKER)


def generated(station: Station, tries: int, progress: Progress) -> list[Measured]:
    """So many requests from the API document, good and bad, by three roles: answers that it does
    not promise. Each operation has a session of its own: one of them signs out."""
    server = station.servers[0]
    chosen = [(one, mode) for one in operations(server.base_url) for mode in modes(one)]
    each = -(-tries // (len(chosen) * len(ROLES)))
    with reading(station.engine) as session:
        cell = session.scalar(text("SELECT min(code) FROM area WHERE level = 'cell'"))
    sent, broken = 0, []
    for role in ROLES:
        for nth, (operation, mode) in enumerate(chosen):
            # Whatever the requests did to the account they act as: it is another one each time.
            name = f"{role}_{nth}"
            staff.add_account(
                station.engine, name, role, cell if role is Role.GRID_WORKER else staff.CITY
            )
            try:
                headers = staff.headers_of(station.engine, name)
                sent += send(operation, mode, each, headers, same=False)
            except Exception as error:
                broken.append(f"{operation.label} ({mode.value}, {role}): {error}")
            progress.step("generated", sent, tries)
    for one in broken:
        print(one)  # noqa: T201  (what is to be mended)
    counted = f"of {sent} made-up requests"
    return [Measured(f"answers not promised, {counted}", "answers", 0.0, [float(len(broken))])]
