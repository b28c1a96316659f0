"""Every domain's tables, in one place for alembic."""

from app.core import outbox
from app.core import retention_models as retention
from app.dispatch import models as dispatch
from app.identity import audit_models as audit
from app.identity import key_models as keys
from app.identity import models as identity
from app.identity.changes import models as account_changes
from app.identity.second_factor import models as second_factor
from app.identity.second_person import models as second_person
from app.incidents import models as incidents
from app.incidents.contacts import models as contact
from app.incidents.reading import models as reading
from app.live import models as live
from app.mediation import models as mediation
from app.places import models as places
from app.planning import models as planning
from app.programs.duty_mail import models as duty_mail
from app.programs.webhooks import models as webhooks
from app.warnings import models as warnings

__all__ = [
    "account_changes",
    "audit",
    "contact",
    "dispatch",
    "duty_mail",
    "identity",
    "incidents",
    "keys",
    "live",
    "mediation",
    "outbox",
    "places",
    "planning",
    "reading",
    "retention",
    "second_factor",
    "second_person",
    "warnings",
    "webhooks",
]
