"""HTTP of the audit."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.core.query_words import StrictQuery
from app.identity import audit
from app.identity.audit_schemas import AuditChain, AuditPage, AuditQuery
from app.identity.deps import ContextDep, ReadSession

router = APIRouter(prefix="/api/v1", tags=["identity"])


@router.get("/audit", summary="List what was done with what is protected")
def list_audit(query: Annotated[AuditQuery, Query()], session: ReadSession) -> AuditPage:
    """Every reveal, export and change of permissions in one's area, newest first."""
    return audit.list_rows(session, query)


@router.get("/audit/chain", summary="Check the audit's chain of hashes")
def check_audit(query: Annotated[StrictQuery, Query()], context: ContextDep) -> AuditChain:
    """Follow the chain over all areas from its first row, and compare it with what was noted."""
    report = audit.check(context.engine, context.settings.data_dir)
    return AuditChain(
        ok=report.ok, rows=report.rows, first_bad=report.first_bad, head=report.head[1].hex()
    )
