"""HTTP of the domain `incidents`."""

from fastapi import APIRouter

router = APIRouter(prefix="/api/v1", tags=["incidents"])
