"""The description of the API is complete and valid."""

import io
import json
import re

from django.core.management import call_command

from tests.test_access import routes


def schema() -> dict:
    out = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", stdout=out)
    return json.loads(out.getvalue())


def test_the_schema_is_valid_and_names_every_endpoint(db):
    described = {re.sub(r"{\w+}", "<>", path) for path in schema()["paths"]}

    offered = {"/" + re.sub(r"<[^>]+>", "<>", r.path) for r in routes() if r.path.startswith("api/v1/")}
    assert described == offered - {"/api/v1/schema/"}


def test_the_schema_is_served_to_whoever_has_signed_in(client, clerk):
    assert client.get("/api/v1/schema/").status_code == 401

    client.force_login(clerk)

    answer = client.get("/api/v1/schema/?format=json")
    assert answer.status_code == 200
    assert answer.json()["info"]["title"] == "Liuzhou Invest"
