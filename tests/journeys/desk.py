"""One person at a browser: what the journeys do on a page, in the words that stand on it.

The tests name buttons and fields by their English msgid; the person presses and reads the Chinese
of the catalogue, so that a word improved there breaks no journey, and one that is missing does.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils import translation
from playwright.sync_api import BrowserContext, Locator, Page, Response, expect

HAN = re.compile(r"[\u4e00-\u9fff]")
# A long wait for the slowest machine under the heaviest load; what is there is found at once.
PATIENCE = 30_000
expect.set_options(timeout=PATIENCE)


def zh(msgid: str, /, **values: object) -> str:
    """The sentence as the Chinese page says it."""
    with translation.override("zh-hans"):
        said = translation.gettext(msgid)
    assert HAN.search(said), f"“{msgid}” is not in the Chinese catalogue"
    return said % values if values else said


def zh_of(one: str, many: str, number: int, /, **values: object) -> str:
    """The same of a sentence that counts."""
    with translation.override("zh-hans"):
        said = translation.ngettext(one, many, number)
    assert HAN.search(said), f"“{many}” is not in the Chinese catalogue"
    return said % values


def watch(context: BrowserContext) -> list[str]:
    """What goes wrong in a window behind the person's back: scripts, the content policy, broken parts."""
    wrongs: list[str] = []

    def hear(line: Any) -> None:
        # A refusal answers 409 or 422, which Chromium also tells its console.
        refused = line.text.startswith("Failed to load resource") and " 4" in line.text
        if line.type == "error" and not refused:
            wrongs.append(line.text)

    def look(answer: Response) -> None:
        missing = answer.status >= 400 and answer.request.resource_type not in ("document", "xhr", "fetch")
        if answer.status >= 500 or missing:
            wrongs.append(f"{answer.status} {answer.url}")

    context.on("weberror", lambda error: wrongs.append(str(error.error)))
    context.on("console", hear)
    context.on("response", look)
    return wrongs


class Desk:
    """A browser window in which one person works."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        context.set_default_timeout(PATIENCE)
        self.wrongs = watch(context)
        self.address = address
        self.page: Page = context.new_page()

    @property
    def main(self) -> Locator:
        return self.page.locator("main")

    # --- Going ---

    def sign_in(self, username: str, password: str) -> None:
        self.page.goto(f"{self.address}/sign-in/")
        self.fill("User name", username)
        self.fill("Password", password)
        self.press("Sign in")
        self.page.wait_for_url(f"{self.address}/")

    def open(self, route: str, *args: object, query: str = "") -> None:
        self.page.goto(f"{self.address}{reverse(route, args=args)}{query}")

    def follow(self, msgid: str, *, within: Locator | None = None, **values: object) -> None:
        """Press a link with these words."""
        (within or self.main).get_by_role("link", name=zh(msgid, **values), exact=True).first.click()

    def turn_to(self, menu: str) -> None:
        """Choose from the side menu."""
        words = re.compile(rf"^{re.escape(zh(menu))}\s*\d*$")
        self.page.locator("nav.side").get_by_role("link", name=words).click()

    def in_menu(self) -> list[str]:
        labels = self.page.locator("nav.side .side-item span").all_text_contents()
        return [label.strip() for label in labels]

    # --- Doing ---

    def press(self, msgid: str, *, within: Locator | None = None, **values: object) -> None:
        # A page that is still coming in may scroll to the field its address names: the press would miss.
        self.page.wait_for_load_state("load")
        place = within or self.main
        place.get_by_role("button", name=zh(msgid, **values), exact=True).first.click()

    def field(self, msgid: str, *, within: Locator | None = None) -> Locator:
        """The control under the label of these words (a required one has a star behind them)."""
        words = re.compile(rf"^\s*{re.escape(zh(msgid))}\s*\*?\s*$")
        return (within or self.main).get_by_label(words).first

    def fill(self, msgid: str, value: object, *, within: Locator | None = None) -> None:
        self.field(msgid, within=within).fill(str(value))

    def type(self, msgid: str, value: str) -> None:
        """Key by key, as fingers do."""
        field = self.field(msgid)
        field.fill("")
        field.press_sequentially(value, delay=10)

    def choose(self, msgid: str, option: str, *, within: Locator | None = None) -> None:
        self.field(msgid, within=within).select_option(label=option)

    def pick(self, msgid: str, **values: object) -> None:
        """A radio button."""
        self.main.get_by_role("radio", name=zh(msgid, **values), exact=True).check()

    # --- Seeing ---

    def reads(self, *sentences: str) -> None:
        for sentence in sentences:
            expect(self.main).to_contain_text(sentence)

    def told(self, msgid: str, **values: object) -> None:
        """The strip above the heading, or the notice in the page, says this."""
        expect(self.main.locator(".notice").filter(has_text=zh(msgid, **values)).first).to_be_visible()

    def wrong_at(self, msgid: str) -> str:
        """The sentence under a field."""
        return (
            self.field(msgid)
            .locator("xpath=ancestor::*[contains(@class, 'field')][1]")
            .locator(".wrong")
            .inner_text()
            .strip()
        )

    @contextmanager
    def download(self, link: Locator) -> Iterator[bytes]:
        with self.page.expect_download() as begun:
            link.click()
        path = begun.value.path()
        yield path.read_bytes()


def number(text: str) -> Decimal:
    """The first number of a text as it is printed: 1,234.50 → 1234.50; none is nought."""
    found = re.search(r"-?[\d,]+(\.\d+)?", text)
    return Decimal(found[0].replace(",", "")) if found else Decimal(0)
