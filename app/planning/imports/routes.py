"""HTTP of plans that were drawn elsewhere."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Form, UploadFile

from app.core.problem_docs import documented
from app.identity.deps import ActorDep, ContextDep, Now, form_only
from app.planning.deps import NoWords
from app.planning.imports import service
from app.planning.imports.schemas import ImportAnswer
from app.planning.imports.service import Sent
from app.planning.schemas import NewPlan, PlanArea, Title

router = APIRouter(prefix="/api/v1", tags=["planning"])


@router.post(
    "/plans/imports",
    summary="Begin a plan that was drawn elsewhere",
    operation_id="import_plan",
    responses=documented(
        HTTPStatus.FORBIDDEN,
        HTTPStatus.CONFLICT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ),
    dependencies=[Depends(form_only)],
)
def import_plan(
    *,
    query: NoWords,
    file: Annotated[
        UploadFile,
        Form(
            description="CSV or XLSX with the columns `unit_id` and `cell_code`; or cells as"
            " polygons with `cell_code`: GeoJSON, GeoPackage, zipped Shapefile. 64 MiB at most."
        ),
    ],
    title: Annotated[Title, Form(description="One line of plain text, up to 200 characters.")],
    area_code: Annotated[
        PlanArea, Form(description="15-digit code of a city, district, subdistrict or community.")
    ],
    repair: Annotated[
        bool, Form(description="Whether to mend what is wrong: largest share, then one piece.")
    ] = False,
    crs: Annotated[
        str | None,
        Form(
            max_length=40,
            description="Coordinate system, where the file does not say it: `EPSG:4544`, `wgs84`.",
        ),
    ] = None,
    layer: Annotated[
        str | None,
        Form(
            max_length=100,
            description="Of a file with several layers the one to take: of a GeoPackage that we"
            " wrote `units` (the assignment) or `cells` (as drawn).",
        ),
    ] = None,
    context: ContextDep,
    actor: ActorDep,
    now: Now,
) -> ImportAnswer:
    """A new plan as the file has it. Where something is wrong (gaps, overlaps, units that are cut,
    unknown units, cells in pieces) no plan is made, unless it is to be repaired; the report names
    and draws all of it."""
    sent = Sent(file.file, file.filename or "", crs or None, layer or None, repair)
    wanted = NewPlan(title=title, area_code=area_code)
    return service.bring(context.request_engine, actor, sent, wanted, now)
