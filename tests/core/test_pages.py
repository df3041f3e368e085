"""What every page says to browsers and proxies."""

import pytest

from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/", "/projects/", "/nowhere/", "/api/v1/projects/", "/api/v1/projects/0/"])
def test_what_one_person_is_shown_is_kept_by_no_cache(clerk, path):
    client = factories.in_english()
    client.force_login(clerk)

    assert "no-store" in client.get(path)["Cache-Control"]
