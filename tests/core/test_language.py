"""Which language a page speaks."""

from django.test import Client
from django.urls import reverse


def test_pages_speak_chinese_to_an_english_browser(client: Client, db: None) -> None:
    page = client.get(reverse("accounts:sign_in"), headers={"accept-language": "en-US,en;q=0.9"})

    assert page.headers["Content-Language"] == "zh-hans"
    assert 'lang="zh-hans"' in page.text.lower()


def test_english_is_one_click_away_and_is_remembered(client: Client, db: None) -> None:
    client.post(reverse("set_language"), {"language": "en", "next": reverse("accounts:sign_in")})

    assert client.get(reverse("accounts:sign_in")).headers["Content-Language"] == "en"
