"""What all endpoints share: access, errors, money, versions, writes that may be sent twice."""

import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import exception_handler

from core import receipts
from core.limits import SIGNED_IN
from core.refusal import Refusal

__all__ = ["SIGNED_IN", "MoneyField", "Problem", "VersionedMixin", "etag", "idempotent", "problem"]

# --- Errors ------------------------------------------------------------------------------------------


def problem(exception: Exception, context: dict[str, Any]) -> Response | None:
    """RFC 9457: every error is an object with a code for programs and a sentence for people."""
    if isinstance(exception, Refusal):
        response = Response(status=exception.http_status)
        facts = {"detail": exception.message, "details": exception.details}
        code = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(exception).__name__).lower()
    else:
        known = exception_handler(exception, context)
        if known is None:
            return None
        response, code = known, _code(exception)
        facts = _facts(exception, known)
    response.data = {"status": response.status_code, "code": code, **facts}
    response.content_type = "application/problem+json"
    return response


def _code(exception: Exception) -> str:
    if isinstance(exception, ValidationError):
        return "invalid"
    if isinstance(exception, APIException):
        return str(exception.default_code)
    return {"Http404": "not_found", "PermissionDenied": "permission_denied"}[type(exception).__name__]


def _facts(exception: Exception, response: Response) -> dict[str, Any]:
    if isinstance(exception, ValidationError):
        return {"detail": _("Some fields are not right."), "errors": response.data}
    data = response.data if isinstance(response.data, dict) else {}
    return {"detail": data.get("detail", ""), **getattr(exception, "facts", {})}


class Problem(serializers.Serializer):
    """An error, for the schema."""

    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    details = serializers.ListField(child=serializers.CharField(), required=False)
    errors = serializers.DictField(required=False)  # type: ignore[assignment]  # the name is the RFC's
    now = serializers.DictField(required=False, help_text="Of 412: what stands there now.")
    doubts = serializers.ListField(
        child=serializers.DictField(), required=False, help_text="Of not_confirmed: odd but possible."
    )


# --- Money -------------------------------------------------------------------------------------------


class MoneyField(serializers.DecimalField):
    """An amount in 万元, as a string with two decimals: binary fractions cannot hold money."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs = {"max_digits": 14, "decimal_places": 2, "coerce_to_string": True, **kwargs}
        kwargs.setdefault("help_text", gettext_lazy("In 万元 (10,000 yuan)."))
        super().__init__(**kwargs)


# --- Two editors at once -------------------------------------------------------------------------------


class PreconditionRequired(APIException):
    status_code = status.HTTP_428_PRECONDITION_REQUIRED
    default_code = "precondition_required"
    default_detail = gettext_lazy("Send the ETag of what you have read in the header If-Match.")


class PreconditionFailed(APIException):
    """Somebody else was faster; `facts` brings the row as it stands now."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_code = "precondition_failed"
    default_detail = gettext_lazy(
        "It has been changed since you read it. Read it again and look at the difference."
    )

    def __init__(self, *, now: Any = None) -> None:
        super().__init__()
        self.facts = {"now": now}


def etag(row: Any) -> str:
    return f'"{row.pk}-{row.version}"'


class VersionedMixin(GenericAPIView):
    """For models with a `version`: reading gives an ETag, changing needs it as If-Match."""

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        data = getattr(response, "data", None)
        if response.status_code < 300 and isinstance(data, dict) and {"id", "version"} <= data.keys():
            response["ETag"] = f'"{data["id"]}-{data["version"]}"'
        return response

    def check_version(self, row: models.Model) -> None:
        """Before a verb that checks the version itself."""
        sent = self.request.headers.get("If-Match")
        if sent is None:
            raise PreconditionRequired
        if sent.removeprefix("W/") != etag(row):
            raise PreconditionFailed(now=self.get_serializer(row).data)

    @transaction.atomic
    def perform_update(self, serializer: serializers.BaseSerializer) -> None:
        """Plain field edits: of two at once the second is told."""
        row: Any = serializer.instance
        self.check_version(row)
        seen = type(row)._default_manager.filter(pk=row.pk, version=row.version)
        if not seen.update(version=models.F("version") + 1):
            raise PreconditionFailed(now=self.get_serializer(type(row)._default_manager.get(pk=row.pk)).data)
        serializer.save(version=row.version + 1)


# --- Writes that may be sent twice ---------------------------------------------------------------------


def idempotent(method: Callable[..., Response]) -> Callable[..., Response]:
    """A write with an Idempotency-Key is done once; sent again, it gets the first answer."""

    @wraps(method)
    def once(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key", "")
        sent = [request.method, request.path, request.data]
        with receipts.once(user=request.user, key=key, sent=sent) as sending:
            if not sending.seen:
                response = method(self, request, *args, **kwargs)
                body = json.loads(JSONRenderer().render(response.data)) if response.data is not None else None
                location = response.headers.get("Location", "")
                sending.answer(location=location, body=body, status=response.status_code)
                return response
        headers = {"Idempotent-Replayed": "true"}
        if sending.location:
            headers["Location"] = sending.location
        return Response(sending.body, status=sending.status, headers=headers)

    return once
