"""Assembling the app, top to bottom."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from anyio import to_thread
from fastapi import Depends, FastAPI
from fastapi.staticfiles import StaticFiles

from app import api_document, problem_answers
from app.city.standard_routes import router as standard_router
from app.core import logs, memory
from app.core.context import Context
from app.core.problem_docs import DOCUMENTED
from app.core.settings import Settings
from app.core.turns import Turns
from app.core.waiting_room import WaitingRoom
from app.dispatch.routes import router as dispatch_router
from app.docs_page import router as docs_router
from app.guards import SecurityHeaders, UnderPath, loopback_hosts
from app.health import readiness_of
from app.health import router as health_router
from app.identity.account_routes import router as account_router
from app.identity.audit_routes import router as audit_router
from app.identity.changes.routes import router as account_changes_router
from app.identity.deps import authorise
from app.identity.keys import Keys
from app.identity.oidc import Provider
from app.identity.oidc_routes import router as oidc_router
from app.identity.routes import router as identity_router
from app.identity.second_factor.routes import router as second_factor_router
from app.identity.second_person.routes import router as proposals_router
from app.identity.service import Sessions
from app.identity.session_routes import router as session_router
from app.identity.sheets.routes import router as sheets_router
from app.incidents.attachments.routes import router as attachments_router
from app.incidents.calendar.routes import router as calendar_router
from app.incidents.cases.routes import router as incidents_router
from app.incidents.contacts.routes import router as contact_router
from app.incidents.contacts.sealing import KeyFileSeal
from app.incidents.contacts.service import key_file
from app.incidents.duplicates.routes import router as duplicates_router
from app.incidents.exports.routes import router as exports_router
from app.incidents.intake.quick import QuickIntake
from app.incidents.intake.routes import router as intake_router
from app.incidents.steps.routes import router as steps_router
from app.incidents.tasks.routes import router as tasks_router
from app.live.routes import router as live_router
from app.live.service import Live
from app.maps.hot_paths import HotPaths
from app.maps.hot_routes import router as hot_router
from app.maps.routes import router as maps_router
from app.maps.service import Maps
from app.mediation.routes import router as mediation_router
from app.places.routes import router as places_router
from app.planning.edits.routes import router as plan_edit_router
from app.planning.figures.routes import router as plan_figures_router
from app.planning.imports.routes import router as plan_import_router
from app.planning.jobs.routes import router as plan_jobs_router
from app.planning.jobs.routes import steps_router as plan_steps_router
from app.planning.life.routes import router as plan_router
from app.planning.reports.export_routes import router as plan_export_router
from app.planning.reports.routes import router as plan_report_router
from app.planning.studies.routes import router as plan_studies_router
from app.programs.duty_mail.presence import Presence
from app.programs.duty_mail.routes import router as duty_mail_router
from app.programs.duty_mail.sending import DutyMail
from app.programs.sending import Sender
from app.programs.states.routes import router as states_router
from app.programs.webhooks.routes import router as webhooks_router
from app.programs.webhooks.sending import Webhooks
from app.shutdown import before_shutdown
from app.sign_in_guard import SignedIn
from app.warnings.routes import router as warnings_router

THREADS = 400
"""Of those that requests share. Twenty of them at most work on the database (`POOL_SIZE`, twice);
the others wait for one of its connections, five seconds each, and are then told 503: a database
that hangs is told of in order (380 requests each five seconds), and a page's file still finds a
thread. Nobody who holds a connection waits for a thread, so the number may be any. A thread that
waits takes some tens of KiB. Passwords, photos, files of plans and the city's provider have threads
of their own (`core/waiting_room`)."""
WEB_DIST = Path(__file__).parent / "web" / "dist"
# A sign-in takes a twentieth of a second of a core, a photo a second: whoever is the last to be
# taken in waits some seconds at most. Two at once each, for two cores and 2 GiB.
SIGN_INS = {"at_once": 2, "waiting": 30}
# Of these from one address: whoever fills their half keeps nobody elsewhere from signing in.
OF_AN_ADDRESS = {"at_once": 16, "waiting": 0}
PHOTOS = {"at_once": 2, "waiting": 10}
# The file of a whole city takes seconds of a core and some hundred MB of a process of its own.
FILES = {"at_once": 1, "waiting": 8}
DESCRIPTION = """\
Cases and places of a city's grid, never of people.

Coordinates are lon, lat in degrees (WGS84, EPSG:4326); instants are RFC 3339 in UTC; areas are
15-digit codes. Every refusal is `application/problem+json` and names the offending field.
"""


def create_app(context: Context) -> FastAPI:
    """The whole web application over one context."""
    maps = Maps(context)
    sessions = Sessions(context.engine)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = THREADS
        app.state.live = live = Live(context)
        await live.start()
        outlets = (Webhooks(context.settings), DutyMail(context.settings))
        sender = Sender(context.conninfo, outlets)
        await sender.start()
        presence = Presence(context.engine, live.pages)
        await presence.start()
        await maps.start()
        await app.state.quick_intake.open()
        with before_shutdown(partial(_say_goodbye, live, app.state.oidc, app.state.file_room)):
            yield
        await app.state.quick_intake.close()
        await presence.stop()
        await sender.stop()
        await maps.stop()
        await live.stop()
        context.dispose()

    app = FastAPI(
        title="Minqing Map",
        version="1",
        description=DESCRIPTION,
        lifespan=lifespan,
        openapi_url=None,  # `api_document` gives it
        docs_url=None,
        redoc_url=None,
        servers=[{"url": context.settings.public_path}] if context.settings.public_path else None,
        responses=DOCUMENTED,
        dependencies=[Depends(authorise)],
        generate_unique_id_function=api_document.operation_id,
    )
    app.state.context = context
    app.state.maps = maps
    app.state.quick_intake = QuickIntake(context)
    app.state.sessions = sessions
    app.state.readiness = readiness_of(context)
    app.state.password_room = WaitingRoom("sign-ins", **SIGN_INS)
    app.state.sign_in_turns = Turns("sign-ins from your address", **OF_AN_ADDRESS)
    app.state.photo_room = WaitingRoom("photos", **PHOTOS)
    app.state.file_room = WaitingRoom("files", **FILES)
    app.state.oidc = Provider(context.settings)
    app.state.seal = KeyFileSeal(key_file(context.settings))
    problem_answers.install(app)
    for router in (
        intake_router,  # routes are tried in this order
        states_router,
        identity_router,
        oidc_router,
        account_router,
        session_router,
        second_factor_router,
        proposals_router,
        sheets_router,
        account_changes_router,
        audit_router,
        places_router,
        incidents_router,
        attachments_router,
        exports_router,
        standard_router,
        calendar_router,
        steps_router,
        tasks_router,
        duplicates_router,
        contact_router,
        dispatch_router,
        warnings_router,
        mediation_router,
        plan_router,
        plan_edit_router,
        plan_figures_router,
        plan_import_router,
        plan_report_router,
        plan_export_router,
        plan_studies_router,
        plan_jobs_router,
        plan_steps_router,
        webhooks_router,
        duty_mail_router,
        live_router,
        maps_router,
        hot_router,
        health_router,
        docs_router,
    ):
        app.include_router(router)
    api_document.install(app)
    # Last: the page answers for every path that no route has taken.
    if WEB_DIST.exists():
        app.mount("/", StaticFiles(directory=WEB_DIST, html=True), name="web")
    app.add_middleware(HotPaths, maps=maps)
    app.add_middleware(
        SignedIn, sessions=sessions, keys=Keys(context.engine), settings=context.settings
    )
    app.add_middleware(
        SecurityHeaders,
        allowed_hosts=loopback_hosts(context.settings),
        public_origin=context.settings.public_origin,
        is_https_alone=context.settings.is_https_alone,
    )
    if context.settings.public_path:
        app.add_middleware(UnderPath, path=context.settings.public_path)
    return app


def _say_goodbye(live: Live, provider: Provider, files: WaitingRoom) -> None:
    """End what would go on by itself: the server is asked to stop."""
    live.close_streams()
    provider.close()
    files.close()


def from_environment() -> FastAPI:
    """The app of one worker process; `minqing serve` has put the database's URL there."""
    logs.configure()
    memory.keep_few_arenas()
    settings = Settings()
    if settings.database_url is None:
        raise RuntimeError("MINQING_DATABASE_URL is not set; start the server by `minqing serve`")
    return create_app(Context.of_settings(settings))
