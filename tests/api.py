"""A caller of the API whose every answer is held against what the schema promises."""

import io
import json
import re
from functools import cache
from typing import Any

from django.core.management import call_command
from django.urls import Resolver404, resolve
from jsonschema import Draft202012Validator
from rest_framework.test import APIClient

from accounts import tokens
from accounts.models import User


@cache
def schema() -> dict[str, Any]:
    out = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", stdout=out)
    told: dict[str, Any] = json.loads(out.getvalue())
    return told


def _strict(part: Any) -> Any:
    """Nothing may be told that is not described."""
    if isinstance(part, list):
        return [_strict(one) for one in part]
    if not isinstance(part, dict):
        return part
    closed = {key: _strict(value) for key, value in part.items()}
    if part.get("type") == "object" and "properties" in part and "additionalProperties" not in part:
        closed["additionalProperties"] = False
    return closed


@cache
def _components() -> dict[str, Any]:
    closed: dict[str, Any] = _strict(schema()["components"])
    return closed


def operation(path: str, method: str) -> dict[str, Any]:
    try:
        route = resolve(path).route
    except Resolver404:
        return {}
    route = re.sub(
        r"<(?:int|str):(\w+)>", lambda found: "{id}" if found[1] == "pk" else f"{{{found[1]}}}", f"/{route}"
    )
    found: dict[str, Any] = schema()["paths"].get(route, {}).get(method.lower(), {})
    return found


def check(method: str, path: str, response: Any) -> None:
    """The status is described, and the body is what it says."""
    answers = operation(path, method).get("responses", {})
    if not answers:  # a place or a method that is not offered
        assert response.status_code in (404, 405)
        return
    code = str(response.status_code)
    described = answers[code if code in answers else f"{code[0]}XX"]["content"]
    kind = response.headers["Content-Type"].split(";")[0]
    body = {"components": _components(), **_strict(described[kind]["schema"])}
    Draft202012Validator(body, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(response.json())


class Caller(APIClient):
    def request(self, **kwargs: Any) -> Any:
        response = super().request(**kwargs)
        check(kwargs["REQUEST_METHOD"], kwargs["PATH_INFO"], response)
        return response

    def send(self, path: str, *, key: str = "", tag: str = "", method: str = "post", **sent: Any) -> Any:
        headers = {name: value for name, value in (("idempotency-key", key), ("if-match", tag)) if value}
        return getattr(self, method)(path, sent, format="json", headers=headers)


def caller(user: User) -> Caller:
    _token, secret = tokens.issue(user=user, name="test")
    return Caller(headers={"authorization": f"Token {secret}", "accept-language": "en"})


def problem(response: Any) -> tuple[int, str, str]:
    body = response.json()
    return response.status_code, body["code"], body["detail"]


def ids(response: Any) -> list[int]:
    assert response.status_code == 200, response.content
    return [row["id"] for row in response.json()["results"]]
