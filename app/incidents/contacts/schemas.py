"""A contact as it comes in, and as it is shown to whoever handles the case."""

from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from app.core.errors import FieldValueError
from app.core.plain_text import clean_line, clean_text

PHONE = r"^\+?[0-9][0-9 ()*#-]{2,30}$"


class Contact(BaseModel):
    """How to reach whoever reported a case. Sealed as soon as it is here, and in no log: nothing
    of it stands in its `repr`."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True,
        json_schema_extra={"examples": [{"name": "王女士", "phone": "0931-0000000"}]},
    )  # fmt: skip

    name: Annotated[
        str | None,
        Field(strict=True, min_length=1, max_length=60),
        AfterValidator(lambda text: text if text is None else clean_line(text)),
    ] = Field(default=None, repr=False, description="How to call them; one line, 60 characters.")
    phone: Annotated[str | None, Field(strict=True, pattern=PHONE)] = Field(
        default=None,
        repr=False,
        description="Digits, blanks, hyphens, brackets, * and #; 3 to 32 characters.",
    )
    note: Annotated[
        str | None,
        Field(strict=True, max_length=300),
        AfterValidator(lambda text: text if text is None else clean_text(text)),
    ] = Field(default=None, repr=False, description="When to call, for instance; 300 characters.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.name or self.phone or self.note):
            raise FieldValueError("phone", "is missing: give a name, a phone number or a note")
        return self


class RevealRequest(BaseModel):
    """Why a contact is needed now."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"reason": "回访"}]}
    )

    reason: Annotated[
        str, Field(strict=True, min_length=2, max_length=200), AfterValidator(clean_line)
    ] = Field(
        description="Kept in the audit for good. Words of the contact itself are blanked out in it."
    )


class RevealedContact(BaseModel):
    """A contact, shown once and stored nowhere."""

    name: str | None = Field(description="How to call them.")
    phone: str | None = Field(description="Their number.")
    note: str | None = Field(description="When to call, for instance.")
