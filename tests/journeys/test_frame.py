"""The frame every page stands in, in a real browser."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_first_page_loads_all_its_files_and_breaks_no_policy(live_server, page):
    missing: list[str] = []
    page.on("response", lambda answer: missing.append(answer.url) if answer.status >= 400 else None)

    answer = page.goto(live_server.url)

    assert answer.status == 200
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    assert page.evaluate("typeof htmx") == "object"
    assert missing == []
