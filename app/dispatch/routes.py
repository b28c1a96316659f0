"""HTTP of the domain `dispatch`."""

from fastapi import APIRouter

router = APIRouter(prefix="/api/v1", tags=["dispatch"])
