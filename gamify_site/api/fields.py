"""The types of what is sent and asked for, with what their documents say of them."""

from typing import Annotated, Any

from ninja import Path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictFloat, StrictInt, StringConstraints

from gamify_site import identifiers
from gamify_site.audit import LONGEST_REASON

PLAYER_ID = f"^{identifiers.PLAYER_ID.pattern}$"
SLUG = f"^{identifiers.SLUG.pattern}$"


def _whole(value: Any) -> Any:
    """5.0 is a whole number in JSON, which has one kind of numbers."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[StrictInt, BeforeValidator(_whole)]
Number = StrictInt | StrictFloat
PlayerId = Annotated[str, StringConstraints(pattern=PLAYER_ID)]
Slug = Annotated[str, StringConstraints(pattern=SLUG)]
Reason = Annotated[str, Field(min_length=1, description=f"1 to {LONGEST_REASON} characters")]
PlayerInPath = Annotated[PlayerId, Path(description="A player's id.")]
SlugInPath = Annotated[Slug, Path(description="A slug.")]


class Strict(BaseModel):
    """A body: only the names that there are, and values of their own type."""

    model_config = ConfigDict(extra="forbid", strict=True)
