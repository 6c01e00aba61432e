"""The parts of which badges are drawn."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from achievements.drawing import badges

FOR_GOOD = "public, max-age=31536000, immutable"


@require_safe
def sprite(request: HttpRequest, digest: str) -> HttpResponse:  # noqa: ARG001  (the address names the contents)
    """Shapes and signs; browsers keep them until the address changes."""
    response = HttpResponse(badges.sprite(), content_type="image/svg+xml")
    response["Cache-Control"] = FOR_GOOD if request.path == badges.sprite_url() else "no-cache"
    return response
