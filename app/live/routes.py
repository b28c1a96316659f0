"""HTTP of the domain `live`."""

from fastapi import APIRouter

router = APIRouter(prefix="/api/v1", tags=["live"])
