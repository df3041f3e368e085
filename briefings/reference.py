"""The names on documents that a city starts from; an office edits them afterwards."""

import datetime

from briefings.models import Stationery

SINCE = datetime.date(2024, 1, 1)


def load() -> None:
    if not Stationery.objects.exists():
        Stationery.objects.create(since=SINCE)
