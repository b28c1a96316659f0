"""HTTP of the domain `maps`."""

from fastapi import APIRouter

router = APIRouter(prefix="/api/v1", tags=["maps"])
