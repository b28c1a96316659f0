"""HTTP of the domain `places`."""

from fastapi import APIRouter

router = APIRouter(prefix="/api/v1", tags=["places"])
