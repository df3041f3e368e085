"""The security administrator's catalogue."""

from typing import Any

import pytest
from django.test import Client

from approvals.models import ItemTemplate
from tests import factories


@pytest.fixture
def security(security_admin) -> Client:
    client = Client()
    client.force_login(security_admin)
    return client


def form_of(template: ItemTemplate, **more: Any) -> dict[str, Any]:
    """The change form as the page shows it, with its rows of limits and rules."""
    form: dict[str, Any] = {
        "name": template.name,
        "name_en": template.name_en,
        "phase": template.phase,
        "order": template.order,
        "department": template.department_id,
        "clock": template.clock,
        "in_force_from": template.in_force_from.isoformat(),
    }
    limits, rules = list(template.limits.order_by("effective_from")), list(template.rules.order_by("pk"))
    for prefix, rows in (("limits", limits), ("rules", rules)):
        form |= {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": len(rows)}
    for n, row in enumerate(limits):
        form |= {
            f"limits-{n}-id": row.pk,
            f"limits-{n}-template": template.pk,
            f"limits-{n}-effective_from": row.effective_from.isoformat(),
            f"limits-{n}-statutory_days": row.statutory_days,
            f"limits-{n}-promised_days": row.promised_days,
            f"limits-{n}-source": row.source,
        }
    return form | more


def new_limit(template: ItemTemplate, n: int, **fields: Any) -> dict[str, Any]:
    row = {"template": template.pk, "effective_from": "2026-07-01", "statutory_days": 20, **fields}
    return {"limits-TOTAL_FORMS": n + 1, **{f"limits-{n}-{name}": value for name, value in row.items()}}


def change(client: Client, template: ItemTemplate, form: dict[str, Any]) -> Any:
    return client.post(f"/admin/approvals/itemtemplate/{template.pk}/change/", form)


def test_a_limit_is_changed_by_a_new_row_and_opened_items_keep_theirs(security):
    template = factories.item_template(statutory_days=20, promised_days=10)
    item = factories.item(template=template)

    answer = change(security, template, form_of(template, **new_limit(template, 1, promised_days=5)))

    assert answer.status_code == 302, answer.context["errors"]
    days = template.limits.order_by("effective_from").values_list("promised_days", flat=True)
    assert list(days) == [10, 5]
    item.refresh_from_db()
    assert item.promised_days == 10


def test_limits_that_items_go_by_are_not_edited(security):
    template = factories.item_template(statutory_days=20, promised_days=10)
    factories.item(template=template)

    answer = change(security, template, form_of(template, **{"limits-0-promised_days": 5}))

    assert answer.status_code == 200
    assert "新增一行" in str(answer.context["errors"])
    assert template.limits.get().promised_days == 10


def test_limits_that_nothing_goes_by_yet_may_be_put_right(security):
    template = factories.item_template(statutory_days=20, promised_days=10)

    answer = change(security, template, form_of(template, **{"limits-0-promised_days": 5}))

    assert answer.status_code == 302, answer.context["errors"]
    assert template.limits.get().promised_days == 5


def test_a_promise_longer_than_the_statute_is_refused(security):
    template = factories.item_template(statutory_days=20, promised_days=10)

    answer = change(security, template, form_of(template, **new_limit(template, 1, promised_days=30)))

    assert answer.status_code == 200
    assert "法定时限" in str(answer.context["errors"])
    assert template.limits.count() == 1


def test_a_rule_takes_the_answers_of_its_own_question(security):
    template = factories.item_template()
    row = {"template": template.pk, "fact": "eia", "effective_from": "2026-01-01"}

    def rule(*answers: str) -> dict[str, Any]:
        sent = {f"rules-0-{name}": value for name, value in {**row, "answers": list(answers)}.items()}
        return form_of(template, **{"rules-TOTAL_FORMS": 1, **sent})

    assert change(security, template, rule("eia:form", "works:new")).status_code == 200
    assert change(security, template, rule("eia:form", "eia:report")).status_code == 302
    assert template.rules.get().answers == ["form", "report"]
    page = security.get(f"/admin/approvals/itemtemplate/{template.pk}/change/").content.decode()
    assert 'value="eia:form" selected' in page


def test_the_catalogue_asks_as_often_for_three_as_for_one(security, count_queries):
    factories.item_template()
    one = count_queries(lambda: security.get("/admin/approvals/itemtemplate/"))
    factories.item_template()
    factories.item_template()

    assert count_queries(lambda: security.get("/admin/approvals/itemtemplate/")) == one
