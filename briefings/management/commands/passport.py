"""`manage.py passport`: what stands behind a figure, and what does not and why."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from briefings import asking, counting_rules, passports
from briefings.figures import UnknownIndicator
from briefings.passports import Passport

SCOPES = ("unit", "force")


class Command(BaseCommand):
    help = "Prints the passport of a figure: rules, events counted, events left out and why."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("indicator", help="code of an indicator, or the reference of a passport")
        parser.add_argument(
            "--scope", default="city", metavar="SCOPE", help="city, unit:450223 or force:steel (code or name)"
        )
        parser.add_argument("--from", dest="first", metavar="YYYY-MM")
        parser.add_argument("--to", dest="last", metavar="YYYY-MM")
        parser.add_argument("--as-known-on", metavar="YYYY-MM-DD", help="only what was known on this day")
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            passport = _passport(options)
        except (asking.CannotAsk, passports.UnknownReference) as refusal:
            raise CommandError(str(refusal), returncode=2) from refusal
        except UnknownIndicator as unknown:
            raise CommandError(f"There is no indicator {unknown}.", returncode=2) from unknown
        except LookupError as missing:
            raise CommandError(f"This scope has no figure {missing}.", returncode=2) from missing
        if options["as_json"]:
            self.stdout.write(json.dumps(_whole(passport), ensure_ascii=False, indent=1))
        else:
            for line in _table(passport):
                self.stdout.write(line)


def _passport(options: dict[str, Any]) -> Passport:
    if options["indicator"].startswith("P-"):
        return passports.resolve(options["indicator"])
    if not (options["first"] and options["last"]):
        raise CommandError("Say of which months: --from 2025-01 --to 2025-06.", returncode=2)
    question = asking.question(
        first=options["first"],
        last=options["last"],
        as_known_on=options["as_known_on"],
        **_scope(options["scope"]),
    )
    return passports.of(options["indicator"], question.window, question.scope)


def _scope(text: str) -> dict[str, str]:
    """“city”, “unit:450223”, “force:steel” as the question takes them."""
    kind, _colon, name = text.partition(":")
    if text == "city":
        return {}
    if kind not in SCOPES:
        raise CommandError("The scope is city, unit:CODE or force:CODE.", returncode=2)
    return {"unit" if kind == "unit" else "task_force": name}


def _whole(passport: Passport) -> dict[str, Any]:
    """Everything, unpaged: the shell asks for the whole."""
    found, left_out = passport.found, passport.left_out
    rows = [passports.plain_row(row, found) for row in passports.in_order(passport.counted, found)]
    told = {**passports.plain(passport), "counted": rows}
    if left_out is None:
        return told
    return told | {
        "left_out": [
            passports.plain_left_out(row) for row in left_out.select_related("project").order_by("pk")
        ],
        "reasons": passports.plain_reasons(passports.reasons(left_out)),
    }


def _table(passport: Passport) -> list[str]:
    found, figure = passport.found, passport.figure
    lines = [
        f"{passport.reference}",
        f"{found.name}  {passports.exact_words(found, figure.value)} {found.unit}",
        str(found.formula),
    ]
    lines += [f"  {name}\t{says}" for name, says in counting_rules.in_words(passport.window.rules)]
    lines.append(f"  counted\t{passport.counted.count()}")
    if passport.left_out is not None:
        reasons = passports.reasons(passport.left_out)
        lines += [f"  left out\t{reason.events}\t{reason.word}" for reason in reasons]
    return lines
