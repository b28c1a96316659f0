"""The second factor as it is asked for and answered."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

MOST_CODE_CHARS = 40

Code = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MOST_CODE_CHARS,
        description="The six digits that the authenticator app shows, each of them good for one"
        " use; or a recovery code. Blanks and dashes do not count.",
    ),
]


class BegunFactor(BaseModel):
    """A secret for an authenticator app. It counts once a code of it was given."""

    secret: str = Field(
        description="To be typed into the app: base32, in groups of four. Shown once."
    )
    uri: str = Field(description="The same as an `otpauth://` address, which apps take over.")


class GivenFactorCode(BaseModel):
    """A code of the authenticator app."""

    model_config = ConfigDict(extra="forbid")

    code: Code


class RecoveryCodes(BaseModel):
    """Codes that stand in for a lost authenticator app."""

    codes: list[str] = Field(description="Each is good for one use. Shown once.")
