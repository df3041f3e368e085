"""What only several cells of a row can say: foreign money, the contract with its needs, shares, partners."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils.translation import gettext as _

from core.money import CENT, format_wan
from ledgers import meanings
from ledgers.choices import State
from ledgers.declaring import Meaning, Place
from ledgers.meanings.amounts import foreign_asked
from ledgers.meanings.names import unit_names
from ledgers.meanings.notes import RATES, foreign_in, rate_in, shares_in
from ledgers.meanings.saying import number, plain
from projects.choices import Currency, EventKind, Stage

_TAKES_BACK = (EventKind.REDUCED.value, EventKind.VOIDED.value)


def settle(cells: Mapping[str, Meaning], place: Place) -> Mapping[str, Meaning]:
    """Partners, foreign money, shares, the contract and what it needs, the years of progress notes."""
    settled: dict[str, Meaning] = {}
    _partners(cells, settled)
    _foreign(cells, settled, place)
    _contract(cells, settled, place)
    _needed(cells, settled)
    _shares(cells, settled)
    _progress(cells, settled)
    return settled


def _value(cells: Mapping[str, Meaning], name: str) -> Any:
    meaning = cells.get(name)
    return meaning.value if meaning is not None else None


def _partners(cells: Mapping[str, Meaning], settled: dict[str, Meaning]) -> None:
    enterprise = cells.get("enterprise")
    if enterprise is None or not isinstance(enterprise.value, dict):
        if isinstance(told := _value(cells, "partners"), str):
            settled["partners"] = Meaning(cells["partners"].state, [told], cells["partners"].sentence)
        return
    said = enterprise.value
    settled["enterprise"] = Meaning(enterprise.state, said["name"], enterprise.sentence)
    settled["partners"] = Meaning(enterprise.state, said["partners"], enterprise.sentence, of="enterprise")


def _foreign(cells: Mapping[str, Meaning], settled: dict[str, Meaning], place: Place) -> None:
    amount, column = cells.get("amount_wan"), cells.get("foreign_amount_wan")
    note = _value(cells, "note")
    named = foreign_in(note) if isinstance(note, str) and "万" in note else None
    currency = cells.get("currency")
    if amount is not None and isinstance(amount.value, dict):
        _of_foreign_amount(amount, cells, settled)
    elif column is not None and column.value is not None:
        told = column.value["currency"] or (currency.value if currency else None)
        if told in RATES:
            _beside_renminbi(told, column.value["foreign"], cells, settled, is_certain=True)
        else:
            settled["foreign_amount_wan"] = meanings.refused(
                _("No currency is named. Write it beside the amount, like 1200万美元.")
            )
    elif named is not None:
        _beside_renminbi(named.currency, named.amount, cells, settled, is_certain=False)
    elif currency is not None and currency.value not in (None, Currency.CNY.value):
        _currency_without_amount(currency, amount, settled)


def _rate(cells: Mapping[str, Meaning], currency: str, beside: str = "") -> Meaning | None:
    """The rate that a column, the amount or the note names; None for none, asked where it cannot be."""
    told = _value(cells, "rate") or beside
    try:
        rate = Decimal(told) if told else None
    except ArithmeticError:
        rate = None
    note = _value(cells, "note")
    if rate is None:
        found = rate_in(told if told else note) if isinstance(told or note, str) else ""
        rate = Decimal(found) if found else None
    if rate is None:
        return None
    low, high = RATES[currency]
    if not low <= rate <= high:
        return meanings.asked(
            _("A rate of %(rate)s for %(currency)s cannot be right. Which one was meant?")
            % {"rate": rate, "currency": currency}
        )
    return meanings.sure(number(rate))


def _of_foreign_amount(amount: Meaning, cells: Mapping[str, Meaning], settled: dict[str, Meaning]) -> None:
    """The amount names another currency: 万元 come of the cell itself, of a rate, or are asked."""
    said = amount.value
    currency, foreign = said["currency"], said["foreign"]
    for name, value in (("currency", currency), ("foreign_amount_wan", foreign)):
        settled[name] = Meaning(State.SURE, value, of=amount.of or "amount_wan")
    rate = _rate(cells, currency, said.get("rate", ""))
    if rate is not None:
        settled["rate"] = rate
    if "wan" in said:
        settled["amount_wan"] = Meaning(amount.state, said["wan"], amount.sentence)
        if rate is None:
            settled.update(_implied_rate(currency, Decimal(foreign), Decimal(said["wan"])))
    elif rate is not None and rate.value:
        wan = (Decimal(foreign) * Decimal(rate.value)).quantize(CENT, ROUND_HALF_UP)
        settled["amount_wan"] = meanings.assumed(
            number(wan),
            _("%(foreign)s万 %(currency)s at a rate of %(rate)s.")
            % {"foreign": foreign, "currency": currency, "rate": rate.value},
        )
    else:
        settled["amount_wan"] = Meaning(State.ASKED, None, amount.sentence, of=amount.of)


def _implied_rate(currency: str, foreign: Decimal, wan: Decimal) -> dict[str, Meaning]:
    """The rate that two amounts beside each other mean; where it cannot be one, the amount is asked."""
    rate = wan / foreign if foreign else Decimal(0)
    low, high = RATES[currency]
    if low <= rate <= high:
        told = number(rate.quantize(Decimal("0.000001"), ROUND_HALF_UP))
        return {"rate": meanings.assumed(told, _("The rate that the two amounts mean."))}
    return {
        "amount_wan": meanings.asked(
            _("%(foreign)s万 %(currency)s cannot be %(wan)s 万元. What is the amount in 万元?")
            % {"foreign": number(foreign), "currency": currency, "wan": format_wan(wan)},
            [(number(wan), f"{format_wan(wan)} 万元")],
        )
    }


def _beside_renminbi(
    currency: str,
    foreign: str,
    cells: Mapping[str, Meaning],
    settled: dict[str, Meaning],
    *,
    is_certain: bool,
) -> None:
    """The amount stands in 万元, and the foreign one beside it in its own column or in the note."""
    why = "" if is_certain else _("As the note says.")
    for name, value in (("currency", currency), ("foreign_amount_wan", foreign)):
        settled[name] = Meaning(State.ASSUMED, value, why, of="note") if why else meanings.sure(value)
    wan = _value(cells, "amount_wan")
    rate = _rate(cells, currency)
    if not isinstance(wan, str):
        if cells.get("amount_wan") is None or cells["amount_wan"].state == State.SURE:
            missing = Meaning(
                State.ASKED,
                {"currency": currency, "foreign": foreign},
                foreign_asked(currency, foreign),
                of="foreign_amount_wan" if is_certain else "note",
            )
            _of_foreign_amount(missing, cells, settled)
        return
    implied = _implied_rate(currency, Decimal(foreign), abs(Decimal(wan)))
    if rate is None or rate.value is None or "amount_wan" in implied:
        settled.update(implied)
        return
    settled["rate"] = rate
    if abs(Decimal(foreign) * Decimal(rate.value) / abs(Decimal(wan)) - 1) > Decimal("0.01"):
        settled["amount_wan"] = meanings.asked(
            _("%(foreign)s万 %(currency)s at %(rate)s is not %(wan)s 万元. Which amount is right?")
            % {"foreign": foreign, "currency": currency, "rate": rate.value, "wan": format_wan(Decimal(wan))},
            [
                (number(one), f"{format_wan(one)} 万元")
                for one in (
                    Decimal(wan),
                    (Decimal(foreign) * Decimal(rate.value)).quantize(CENT, ROUND_HALF_UP),
                )
            ],
        )


def _currency_without_amount(currency: Meaning, amount: Meaning | None, settled: dict[str, Meaning]) -> None:
    """A column says dollars, and the amount does not say whether it counts in them."""
    if amount is None or not isinstance(amount.value, str):
        return
    wan = Decimal(amount.value)
    settled["amount_wan"] = meanings.asked(
        _(
            "The row names %(currency)s. Are %(wan)s 万 of it meant, or 万元 of renminbi? "
            "Say the amount in 万元."
        )
        % {"currency": currency.value, "wan": format_wan(wan)},
        [(amount.value, f"{format_wan(wan)} 万元")],
    )


def _contract(cells: Mapping[str, Meaning], settled: dict[str, Meaning], place: Place) -> None:
    contract = cells.get("contract")
    if contract is not None and (contract.value is not None or contract.state in State.UNSETTLED):
        return
    if _value(cells, "amount_wan") is None or _value(cells, "signed_on") is None:
        return
    if _value(cells, "stage") not in Stage.BEFORE_SIGNING:
        settled["contract"] = meanings.assumed(
            EventKind.SIGNED.value,
            _("No cell names the contract: with an amount and a day it is taken as signed."),
        )


def _needed(cells: Mapping[str, Meaning], settled: dict[str, Meaning]) -> None:
    """A contract that counts has an amount above zero (one that takes back, below) and a day."""
    contract = (settled.get("contract") or cells.get("contract") or meanings.NOTHING).value
    amount = settled.get("amount_wan") or cells.get("amount_wan") or meanings.NOTHING
    signed_on = cells.get("signed_on") or meanings.NOTHING
    if contract is None:
        return
    if signed_on.value is None and signed_on.state != State.ASKED:
        settled["signed_on"] = (
            signed_on
            if signed_on.sentence
            else meanings.refused(_("The day of signing is missing. Fill it in."))
        )
    if not isinstance(amount.value, str):
        if amount.state != State.ASKED and contract != EventKind.FRAMEWORK:
            settled["amount_wan"] = (
                amount
                if amount.sentence
                else meanings.refused(_("The amount is missing. Fill it in, in 万元."))
            )
        return
    if problem := _sign_of(Decimal(amount.value), contract):
        settled["amount_wan"] = problem


def _sign_of(wan: Decimal, contract: Any) -> Meaning | None:
    if contract in _TAKES_BACK:
        if wan > 0:
            return meanings.assumed(
                number(-wan), _("It takes back what was signed: the amount is taken below zero.")
            )
        return None
    if wan < 0:
        return meanings.asked(
            _(
                "%(wan)s 万元 is below zero, but the contract is not one that takes back. "
                "Which amount is meant?"
            )
            % {"wan": format_wan(wan)},
            [(number(-wan), f"{format_wan(-wan)} 万元")],
        )
    if not wan and contract != EventKind.FRAMEWORK:
        return meanings.refused(_("A contract that counts has an amount above zero. Fill it in, in 万元."))
    return None


def _shares(cells: Mapping[str, Meaning], settled: dict[str, Meaning]) -> None:
    told = _value(cells, "shares")
    text = told if isinstance(told, str) else _value(cells, "note")
    if not isinstance(text, str) or ("%" not in text and "％" not in text):
        if isinstance(told, str):
            settled["shares"] = meanings.assumed(None, _("No percentages are named."))
        return
    names = unit_names().codes
    found = [(names.get(plain(name).replace(" ", "")), part) for name, part in shares_in(text)]
    parts = [[known[0], part] for known, part in found if known]
    if len(parts) < 2 or len(parts) < len(found):
        return
    if sum(Decimal(part) for _unit, part in parts) == 100:
        settled["shares"] = Meaning(State.SURE, parts)
    else:
        settled["shares"] = meanings.refused(
            _("The shares add up to something else than 100 %. Correct them.")
        )


def _progress(cells: Mapping[str, Meaning], settled: dict[str, Meaning]) -> None:
    """Months without a year follow the month of signing."""
    told, signed_on = cells.get("progress"), _value(cells, "signed_on")
    if (
        told is None
        or not isinstance(told.value, list)
        or not any(month[:1] == "-" for month, _text in told.value)
    ):
        return
    if not isinstance(signed_on, str):
        return
    year, last, entries = int(signed_on[:4]), int(signed_on[5:7]), []
    for month, text in told.value:
        if month[:1] == "-":
            year += int(month[1:]) < last
            last = int(month[1:])
            month = f"{year}-{last:02}"
        entries.append([month, text])
    settled["progress"] = Meaning(told.state, entries, told.sentence)
