"""What all endpoints share, tried on small views of the tests' own."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.urls import include, path
from django.utils import translation
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.test import APIClient

from accounts import tokens
from core import money
from core.api import MoneyField, VersionedMixin, idempotent
from core.limits import SIGNED_IN
from core.models import AuditEntry
from core.refusal import Refusal
from projects.models import Enterprise, Project
from tests import factories


class CannotAdvance(Refusal):
    pass


class EnterpriseSerializer(serializers.ModelSerializer):
    class Meta:
        model = Enterprise
        fields = ["id", "name", "origin", "version"]
        read_only_fields = ["version"]


class Enterprises(VersionedMixin, viewsets.ModelViewSet):
    queryset = Enterprise.objects.all()
    serializer_class = EnterpriseSerializer
    access = {
        "read": ("projects.view_project",),
        "create": ("projects.enter_signing",),
        "partial_update": ("projects.edit_project",),
        "refuse": SIGNED_IN,
    }

    @idempotent
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().create(request, *args, **kwargs)

    def perform_create(self, serializer: serializers.BaseSerializer) -> None:
        serializer.save(name_key="by the API")
        if self.request.data.get("origin") == "nowhere":
            raise CannotAdvance("There is no such place.")

    @action(detail=False, methods=["post"])
    def refuse(self, request: Request) -> Response:
        what: dict[str, Exception] = {
            "verb": CannotAdvance("Fill in first: permit.", ["The construction permit"]),
            "input": money.BadAmount("This is not an amount."),
            "field": ValidationError({"amount": ["Too large."]}),
            "missing": Http404(),
            "forbidden": PermissionDenied(),
        }
        raise what[dict(request.data)["what"]]

    @action(detail=False, methods=["post"])
    def unmarked(self, request: Request) -> Response:
        return Response({})


class ProjectSerializer(serializers.ModelSerializer):
    contracted = MoneyField()

    class Meta:
        model = Project
        fields = ["id", "contracted"]


class Projects(viewsets.ReadOnlyModelViewSet):
    queryset = Project.objects.all()
    serializer_class = ProjectSerializer
    access = {"read": ("projects.view_project",)}


router = SimpleRouter()
router.register("enterprises", Enterprises)
router.register("projects", Projects)
urlpatterns = [path("api/", include(router.urls))]

pytestmark = pytest.mark.urls(__name__)


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def by_token(user: Any) -> APIClient:
    _token, secret = tokens.issue(user=user, name="test")
    return APIClient(headers={"authorization": f"Token {secret}", "accept-language": "en"})


@pytest.fixture
def api(clerk) -> APIClient:
    return by_token(clerk)


def refused(response: Any) -> tuple[int, str, str]:
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == response.status_code
    return response.status_code, response.json()["code"], response.json()["detail"]


# --- Access ------------------------------------------------------------------------------------------


def test_nobody_gets_in_without_a_token_or_session(db):
    answer = APIClient(headers={"accept-language": "en"}).get("/api/enterprises/")

    assert refused(answer)[:2] == (401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"] == "Token"


def test_a_session_gets_in_and_its_writes_need_the_token_of_the_page(clerk):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(clerk)

    assert client.get("/api/enterprises/").status_code == 200
    assert client.post("/api/enterprises/", {"name": "甲"}, format="json").status_code == 403


def test_each_action_asks_for_its_own_permission(city_leader):
    reader = by_token(city_leader)

    assert reader.get("/api/enterprises/").status_code == 200
    assert refused(reader.post("/api/enterprises/", {"name": "甲"}, format="json"))[:2] == (
        403,
        "permission_denied",
    )


def test_an_action_without_a_mark_is_refused(api):
    assert api.post("/api/enterprises/unmarked/").status_code == 403


def test_writes_are_kept_in_the_name_of_the_tokens_owner(api, clerk):
    api.post("/api/enterprises/", {"name": "甲"}, format="json")

    assert AuditEntry.objects.get(table="projects_enterprise").actor_id == clerk.pk


# --- Errors --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "answer", "more"),
    [
        ("verb", (409, "cannot_advance", "Fill in first: permit."), {"details": ["The construction permit"]}),
        ("input", (422, "bad_amount", "This is not an amount."), {"details": []}),
        ("field", (400, "invalid", "Some fields are not right."), {"errors": {"amount": ["Too large."]}}),
        ("missing", (404, "not_found", "Not found."), {}),
        ("forbidden", (403, "permission_denied", "You do not have permission to perform this action."), {}),
    ],
)
def test_every_error_has_a_code_and_a_sentence(api, what, answer, more):
    response = api.post("/api/enterprises/refuse/", {"what": what}, format="json")

    assert refused(response) == answer
    assert {k: v for k, v in response.json().items() if k not in ("status", "code", "detail")} == more


def test_what_is_no_json_is_an_error_of_the_caller(api):
    response = api.post("/api/enterprises/", "{", content_type="application/json")

    assert refused(response)[:2] == (400, "parse_error")


# --- Pages ---------------------------------------------------------------------------------------------


def test_pages_go_by_key_and_have_an_end_to_their_size(api, monkeypatch):
    from core.limits import Cursor

    monkeypatch.setattr(Cursor, "max_page_size", 3)
    made = [factories.enterprise().pk for _ in range(5)]

    first = api.get("/api/enterprises/?page_size=100000").json()
    second = api.get(first["next"]).json()

    assert [row["id"] for page in (first, second) for row in page["results"]] == made[::-1]
    assert (len(first["results"]), second["next"]) == (3, None)


def test_a_wrong_key_is_no_page(api):
    assert refused(api.get("/api/enterprises/?cursor=wrong"))[:2] == (404, "not_found")


def test_a_list_asks_as_often_for_three_rows_as_for_one(api, count_queries):
    factories.enterprise()
    one = count_queries(lambda: api.get("/api/enterprises/"))
    factories.enterprise()
    factories.enterprise()

    assert count_queries(lambda: api.get("/api/enterprises/")) == one


# --- Money ---------------------------------------------------------------------------------------------


def test_money_is_a_string_with_two_decimals(api):
    project = factories.project(contracted=Decimal("12500"))

    assert api.get(f"/api/projects/{project.pk}/").json() == {"id": project.pk, "contracted": "12500.00"}


# --- Two editors at once ---------------------------------------------------------------------------


@pytest.fixture
def row(db) -> Enterprise:
    return factories.enterprise(name="甲", origin="广东")


def change(api: APIClient, row: Enterprise, origin: str, **headers: str) -> Any:
    return api.patch(f"/api/enterprises/{row.pk}/", {"origin": origin}, format="json", headers=headers)


def test_reading_gives_the_tag_that_changing_needs(api, row):
    tag = api.get(f"/api/enterprises/{row.pk}/").headers["ETag"]

    answer = change(api, row, "浙江", **{"if-match": tag})

    assert (answer.status_code, answer.json()["origin"], answer.json()["version"]) == (200, "浙江", 2)
    assert answer.headers["ETag"] == f'"{row.pk}-2"'


def test_changing_without_a_tag_is_refused(api, row):
    assert refused(change(api, row, "浙江"))[:2] == (428, "precondition_required")


def test_the_second_of_two_editors_is_told_what_stands_there_now(api, row):
    tag = api.get(f"/api/enterprises/{row.pk}/").headers["ETag"]
    change(api, row, "浙江", **{"if-match": tag})

    second = change(api, row, "湖南", **{"if-match": tag})

    assert refused(second)[:2] == (412, "precondition_failed")
    assert second.json()["now"] == {"id": row.pk, "name": "甲", "origin": "浙江", "version": 2}
    row.refresh_from_db()
    assert row.origin == "浙江"


def test_what_is_not_offered_cannot_be_set(api, row):
    tag = f'"{row.pk}-1"'
    sent = {"origin": "浙江", "version": 99, "name_key": "x", "id": 1, "uscc": "x"}

    api.patch(f"/api/enterprises/{row.pk}/", sent, format="json", headers={"if-match": tag})

    after = Enterprise.objects.get(pk=row.pk)
    assert (after.origin, after.version, after.name_key, after.uscc) == ("浙江", 2, row.name_key, row.uscc)


# --- Sent twice ------------------------------------------------------------------------------------


def post(api: APIClient, key: str, **sent: str) -> Any:
    return api.post("/api/enterprises/", sent, format="json", headers={"idempotency-key": key})


def test_a_write_sent_twice_is_done_once(api):
    first, second = post(api, "k", name="甲"), post(api, "k", name="甲")

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second.headers["Idempotent-Replayed"] == "true"
    assert Enterprise.objects.count() == 1


def test_the_same_key_with_other_content_is_refused(api):
    post(api, "k", name="甲")

    assert refused(post(api, "k", name="乙"))[:2] == (422, "sent_with_other_content")
    assert Enterprise.objects.count() == 1


def test_a_refused_write_leaves_nothing_and_may_be_sent_again(api):
    assert refused(post(api, "k", name="甲", origin="nowhere"))[0] == 409
    assert not Enterprise.objects.exists()

    assert post(api, "k", name="甲", origin="浙江").status_code == 201


def test_without_a_key_each_sending_counts(api):
    for _ in range(2):
        api.post("/api/enterprises/", {"name": "甲"}, format="json")

    assert Enterprise.objects.count() == 2


# --- Limits ----------------------------------------------------------------------------------------


def test_a_token_may_ask_so_often_a_minute(api, clerk, monkeypatch):
    from core.limits import TokenThrottle

    monkeypatch.setattr(TokenThrottle, "rate", "3/min", raising=False)

    answers = [api.get("/api/enterprises/") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert refused(answers[-1])[1] == "throttled"
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert by_token(clerk).get("/api/enterprises/").status_code == 200  # another token counts for itself


def test_a_token_that_is_no_text_is_refused_like_any_wrong_one(client, db):
    answer = client.get("/api/enterprises/", headers={"authorization": "Token \xff"})

    assert answer.status_code == 401
