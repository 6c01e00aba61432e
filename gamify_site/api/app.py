"""The HTTP API: assembles the apps' routers, and turns what services raise into problems."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError
from ninja.errors import ValidationError as SchemaError
from ninja.openapi.docs import Swagger
from ninja.params.models import QueryModel

from achievements.api import definitions, events, players
from achievements.errors import UnknownAchievement
from gamify_site.api import bodies, problems
from gamify_site.api.answers import ExactRenderer
from gamify_site.api.bodies import ExactParser
from gamify_site.api.problems import Refused, problem
from gamify_site.players.services import StaffAccount, UnknownPlayer
from gamify_site.store.connection import UNANSWERED
from gamify_site.texts import quoted
from leaderboards import api as leaderboards
from leaderboards.errors import InsufficientBalance, NotOnBoard, UnknownBoard

logger = logging.getLogger("gamify")


class Api(NinjaAPI):
    """The API, whose document says that errors are problems."""

    def get_openapi_schema(self, **kwargs: Any) -> Any:
        """The OpenAPI document."""
        document = super().get_openapi_schema(**kwargs)
        for calls in document["paths"].values():
            for call in calls.values():
                for status, answer in call["responses"].items():
                    if int(status) >= 400 and "content" in answer:
                        answer["content"] = {problems.CONTENT_TYPE: answer["content"].pop("application/json")}
        return document


api = Api(
    title="Gamify",
    version="1",
    description="Games report what happened, and ask how things stand.",
    docs_url="/docs",
    docs=Swagger(settings={"validatorUrl": None}),  # else the page asks validator.swagger.io about every public site
    parser=ExactParser(),
    renderer=ExactRenderer(),
    urls_namespace="api",
)


def _known_query(view: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse parameters that a call does not have: a slip in `window` would answer the whole board."""
    models = view._ninja_operation.models  # type: ignore[attr-defined]
    names = [name for model in models if issubclass(model, QueryModel) for name in model.__ninja_flatten_map__]
    those = f"those that it has are {', '.join(names)}" if names else "it has none"

    @wraps(view)
    def checked(request: HttpRequest, **values: Any) -> Any:
        unknown = sorted(set(request.GET) - set(names))
        if unknown:
            raise ValidationError(dict.fromkeys(map(quoted, unknown), f"This call has no such parameter; {those}."))
        return view(request, **values)

    return checked


api.add_decorator(_known_query)
for router in (events.router, players.router, definitions.router, leaderboards.router):
    api.add_router("", router)

COUNTING = {"post_events", "put_score", "post_scores", "post_spend", "post_progress"}  # ids make them repeatable

Handler = Callable[[HttpRequest, Any], HttpResponse]


def _not_found(_request: HttpRequest, error: Exception) -> HttpResponse:
    return problem(404, str(error))


def _refused(_request: HttpRequest, error: Exception) -> HttpResponse:
    assert isinstance(error, Refused)  # noqa: S101  (for the type checker)
    return error.response()


def _staff(_request: HttpRequest, error: Exception) -> HttpResponse:
    assert isinstance(error, StaffAccount)  # noqa: S101  (for the type checker)
    return problem(403, " ".join(error.messages))


def _invalid(_request: HttpRequest, error: Exception) -> HttpResponse:
    assert isinstance(error, ValidationError)  # noqa: S101  (for the type checker)
    return problems.of_validation(error)


def _no_schema(request: HttpRequest, error: Exception) -> HttpResponse:
    assert isinstance(error, SchemaError)  # noqa: S101  (for the type checker)
    if request.method in ("POST", "PUT") and not request.body:  # which Ninja does not read
        bodies.parse(b"")
    return problems.of_schema(error.errors)


def _too_little(_request: HttpRequest, error: Exception) -> HttpResponse:
    assert isinstance(error, InsufficientBalance)  # noqa: S101  (for the type checker)
    return problem(409, str(error), balance=error.balance)


def _unanswered(request: HttpRequest, error: Exception) -> HttpResponse:
    logger.warning("503 %s %s: %s", request.method, request.path_info, error.__cause__ or error)
    return problems.of_unavailable(error, may_count_twice=_counts(request))


def _counts(request: HttpRequest) -> bool:
    """Whether a call that is carried out twice may count twice; all others leave things as one does."""
    called = request.resolver_match.url_name if request.resolver_match else ""
    return request.method != "DELETE" and called in COUNTING


def _http_error(_request: HttpRequest, error: Exception) -> HttpResponse:
    assert isinstance(error, HttpError)  # noqa: S101  (for the type checker)
    if isinstance(error.__cause__, Refused):  # Ninja calls whatever is wrong with a body "Cannot parse request body"
        return error.__cause__.response()
    return problem(error.status_code, str(error))


HANDLERS: dict[type[Exception], Handler] = {
    UnknownAchievement: _not_found,
    UnknownBoard: _not_found,
    UnknownPlayer: _not_found,
    NotOnBoard: _not_found,
    Refused: _refused,
    StaffAccount: _staff,
    ValidationError: _invalid,
    SchemaError: _no_schema,
    InsufficientBalance: _too_little,
    HttpError: _http_error,
    **dict.fromkeys(UNANSWERED, _unanswered),
}
for kind, handler in HANDLERS.items():
    api.add_exception_handler(kind, handler)
