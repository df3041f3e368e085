"""The offices that exist before the first person signs in."""

from accounts.models import Agency, AgencyKind

# code, name, English name, kind
AGENCIES = (
    ("tcj", "市投资促进局", "Investment Promotion Bureau", AgencyKind.BUREAU),
    ("spj", "市行政审批局", "Approval Bureau", AgencyKind.APPROVAL),
    ("szf", "市人民政府", "City Government", AgencyKind.CITY),
    ("tjj", "市统计局", "Bureau of Statistics", AgencyKind.DEPARTMENT),
    ("xxb", "市大数据发展局", "Big Data Bureau", AgencyKind.DEPARTMENT),
)


def agency(code: str, name: str, english: str, kind: str) -> Agency:
    """The agency of this code; made if it is missing, left alone if an office has edited it."""
    row, _made = Agency.objects.get_or_create(
        code=code, defaults={"name": name, "name_en": english, "kind": kind}
    )
    return row


def load() -> None:
    for row in AGENCIES:
        agency(*row)
