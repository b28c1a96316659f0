"""Who acts, as the rules of the life cycle take it."""

from app.identity.rules import Actor
from app.incidents.lifecycle.who_may import TIER_OF_LEVEL, Post
from geodata.codes import level_of


def post_of(actor: Actor) -> Post:
    """The post of whoever asks: role, and the tier of the area of their grant."""
    return Post(actor.role, TIER_OF_LEVEL[level_of(actor.area_code)], actor.account_id)
