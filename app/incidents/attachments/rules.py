"""What may be a photo of a case, and how large. Pure: imports nothing of ours."""

from enum import StrEnum

MOST_BYTES = 12 * 2**20
"""Of the file that is sent."""
MOST_PIXELS = 50_000_000
LONGEST_SIDE_PX = 20_000
FULL_PX, THUMB_PX = 1_600, 320
"""The longer side of what is kept."""
MOST_PHOTOS = 12
"""Of one case."""
FORMATS = ("JPEG", "PNG", "WEBP")


class PhotoKind(StrEnum):
    """What a photo shows."""

    BEFORE = "before"
    AFTER = "after"
    NEAR = "near"
    FAR = "far"


class PhotoSize(StrEnum):
    """In which size a photo is given."""

    FULL = "full"
    THUMB = "thumb"
