"""The child that draws a stranger's photo anew, upright and small: `photos.redraw` starts it.

What it writes comes from pixels alone. Whatever else the file held (places, names and times of the
camera, comments, colour profiles, a second file behind the first) is left behind.
"""

import json
import sys
import warnings
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

from app.core.confine import confine
from app.incidents.attachments.rules import FORMATS, FULL_PX, LONGEST_SIDE_PX, MOST_PIXELS, THUMB_PX

MEMORY_BYTES = 2**30
FILE_BYTES = 32 * 2**20
FULL_QUALITY, THUMB_QUALITY = 82, 74


class _Refused(Exception):
    """The sentence for its sender."""


def main() -> None:
    """Draw one photo: `full.jpg` and `thumb.jpg` beside it, or say why not."""
    job = json.load(sys.stdin)
    unconfined = confine(Path(job["path"]).parent, job["cpu_s"], MEMORY_BYTES, FILE_BYTES)
    warnings.simplefilter("ignore")
    try:
        answer: dict[str, Any] = _draw(Path(job["path"]))
    except _Refused as error:
        answer = {"error": str(error)}
    except MemoryError:
        answer = {"error": "needs more memory than a photo may take"}
    except Exception:  # Pillow lets pass whatever its readers raise
        answer = {"error": "cannot be read as a photo; it may be damaged"}
    json.dump({**answer, "unconfined": unconfined}, sys.stdout)


def _draw(path: Path) -> dict[str, Any]:
    # The size is looked at before a single pixel is unpacked.
    Image.MAX_IMAGE_PIXELS = None
    try:
        image: Image.Image = Image.open(path, formats=FORMATS)
    except UnidentifiedImageError:
        raise _Refused("is no JPEG, PNG or WebP picture") from None
    width, height = image.size
    if width * height > MOST_PIXELS or max(width, height) > LONGEST_SIDE_PX:
        raise _Refused(
            f"has {width} x {height} pixels; at most {MOST_PIXELS // 1_000_000} million, and"
            f" {LONGEST_SIDE_PX:,} on a side"
        )
    image.draft("RGB", (FULL_PX, FULL_PX))
    image.load()
    image.thumbnail((FULL_PX, FULL_PX), Image.Resampling.LANCZOS)
    full = _bare(_upright(image))
    full.save(path.parent / "full.jpg", "JPEG", quality=FULL_QUALITY, optimize=True)
    thumb = full.copy()
    thumb.thumbnail((THUMB_PX, THUMB_PX), Image.Resampling.LANCZOS)
    thumb.save(path.parent / "thumb.jpg", "JPEG", quality=THUMB_QUALITY, optimize=True)
    return {"width": full.width, "height": full.height}


def _upright(image: Image.Image) -> Image.Image:
    """Turned as its camera was held; as it stands where that cannot be read."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:
        return image


def _bare(image: Image.Image) -> Image.Image:
    """Its pixels on white, in an image that has never had anything else."""
    bare = Image.new("RGB", image.size, "white")
    see_through = image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info
    drawn = image.convert("RGBA" if see_through else "RGB")
    bare.paste(drawn, mask=drawn if see_through else None)
    return bare


if __name__ == "__main__":
    main()
