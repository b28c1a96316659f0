"""What a route may ask for: the way to the keys that seal second factors."""

from typing import Annotated

from fastapi import Depends, Request

from app.identity.second_factor.sealing import Seal


async def get_seal(request: Request) -> Seal:
    """The seal that `main` gave the app which serves this request."""
    seal: Seal = request.app.state.seal
    return seal


SealDep = Annotated[Seal, Depends(get_seal)]
