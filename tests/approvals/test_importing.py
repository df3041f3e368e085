"""The approval bureau's ledgers: projects served and issues."""

import datetime
from pathlib import Path

import pytest
from django.core.management import call_command

from accounts.models import User
from approvals.choices import ConfirmedBy, IssueState
from approvals.models import Issue, Service
from liuzhou_invest.importing import import_ledger
from tests import factories

LEDGERS = Path(__file__).parents[2] / "liuzhou_invest" / "demo" / "ledgers"
TODAY = datetime.date(2025, 8, 4)


@pytest.fixture
def system(db: None) -> User:
    call_command("load_reference", verbosity=0)
    return User.objects.system()


def test_the_service_ledger_comes_in_once_behind_the_projects(system: User) -> None:
    import_ledger(LEDGERS / "ledger-2025.xlsx", by=system, verified_by=system, today=TODAY)

    first, again = (
        import_ledger(LEDGERS / "service-2025.xlsx", by=system, verified_by=system, today=TODAY)
        for _turn in (1, 2)
    )

    assert (first.count("created"), first.count("refused")) == (92 + 63, 0)
    assert (again.count("created"), again.count("unchanged"), again.count("refused")) == (0, 92 + 63, 0)
    assert Service.objects.count() == 92
    resolved = Issue.objects.filter(state=IssueState.RESOLVED)
    assert (Issue.objects.count(), resolved.count()) == (63, 48)
    assert set(resolved.values_list("confirmed_by", flat=True)) == {ConfirmedBy.ENTERPRISE}


def test_a_project_that_is_not_in_the_books_is_refused_by_name(system: User) -> None:
    report = import_ledger(LEDGERS / "service-2025.xlsx", by=system, verified_by=system, today=TODAY)

    assert report.count("refused") == 92 + 63
    assert "星宏再生铝综合利用项目" in report.rows[0].reason


def test_two_projects_of_one_name_are_not_guessed_between(system: User) -> None:
    factories.project(name="星宏再生铝综合利用项目")
    factories.project(name="星宏再生铝综合利用项目")

    report = import_ledger(LEDGERS / "service-2025.xlsx", by=system, verified_by=system, today=TODAY)

    assert "星宏再生铝综合利用项目" in report.rows[0].reason
    assert not Service.objects.exists()
