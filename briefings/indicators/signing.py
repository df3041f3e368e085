"""What is signed: contract events, and what has become of the projects newly signed."""

from django.utils.translation import gettext_lazy as _

from briefings.indicators.kinds import Indicator, Rate, Unit
from briefings.indicators.sources import EVENTS, SIGNED_PROGRESS
from projects.choices import EventKind

PROJECTS_SIGNED = Indicator(
    "projects_signed",
    _("Newly signed projects"),
    _(
        "Projects whose first contract is verified and counts in these months. A project counts once,"
        " ever; framework agreements and add-ons make no new project; a void leaves the number as it was."
    ),
    Unit.PROJECTS,
    EVENTS,
    of={"is_new": True},
)

SIGNING: tuple[Indicator | Rate, ...] = (
    PROJECTS_SIGNED,
    Indicator(
        "contracted",
        _("Newly contracted investment"),
        _(
            "The amounts of all verified contract events that count in these months: contracts and add-ons,"
            " less reductions and voids, with corrections. Framework agreements count nothing."
        ),
        Unit.WAN,
        EVENTS,
        adds="cents",
    ),
    Indicator(
        "contracted_industrial_100m",
        _("Contracted by industrial projects of 100 million yuan and more"),
        _(
            "The first contracts of industrial projects that reach 100 million yuan (exactly that included),"
            " less those voided in these months. Add-ons do not count here; a correction of the contract"
            " counts with the difference it makes."
        ),
        Unit.WAN,
        EVENTS,
        adds="large_cents",
    ),
    Indicator(
        "industrial_100m_projects",
        _("Newly signed industrial projects of 100 million yuan and more"),
        _(
            "Industrial projects newly signed in these months whose first contract reaches 100 million yuan"
            " (exactly that included). A void leaves the number as it was."
        ),
        Unit.PROJECTS,
        EVENTS,
        of={"is_large_new": True},
    ),
    Indicator(
        "add_ons",
        _("Add-ons"),
        _(
            "The amounts of verified add-ons to contracts that count in these months."
            " They are part of contracted investment."
        ),
        Unit.WAN,
        EVENTS,
        of={"kind": EventKind.ADD_ON},
        adds="cents",
    ),
    Indicator(
        "add_on_projects",
        _("Projects with add-ons"),
        _("Projects with a verified add-on that counts in these months; each counts once."),
        Unit.PROJECTS,
        EVENTS,
        of={"kind": EventKind.ADD_ON},
        subject="project",
    ),
    Indicator(
        "voids",
        _("Voided contracts"),
        _("What verified voids took back in these months, below zero. Part of contracted investment."),
        Unit.WAN,
        EVENTS,
        of={"kind": EventKind.VOIDED},
        adds="cents",
    ),
    Indicator(
        "voided_projects",
        _("Projects with a voided contract"),
        _(
            "Projects whose contract was voided with a verified void that counts in these months; each counts"
            " once."
        ),
        Unit.PROJECTS,
        EVENTS,
        of={"kind": EventKind.VOIDED},
        subject="project",
        fewer_is_better=True,
    ),
)

# --- What becomes of the newly signed -------------------------------------------------------------

SIGNED_STARTED = Indicator(
    "signed_started",
    _("Newly signed projects that have started works"),
    _("Of the projects newly signed in these months, those that had started works by the last day."),
    Unit.PROJECTS,
    EVENTS,
    of={"is_new": True},
    done_by="started_on",
)
SIGNED_PRODUCING = Indicator(
    "signed_producing",
    _("Newly signed projects that have gone into production"),
    _("Of the projects newly signed in these months, those that had gone into production by the last day."),
    Unit.PROJECTS,
    EVENTS,
    of={"is_new": True},
    done_by="producing_on",
)
SIGNED_FULFILLED = Indicator(
    "signed_fulfilled",
    _("Newly signed projects that are being fulfilled"),
    _(
        "Of the projects newly signed in these months, those that had started works or reported funds in"
        " place by the last day."
    ),
    Unit.PROJECTS,
    EVENTS,
    of={"is_new": True},
    done_by="fulfilled_on",
)
FIRST_CONTRACTS = Indicator(
    "first_contracts",
    _("First contracts of the newly signed projects"),
    _(
        "The amounts of the first contracts of the projects newly signed in these months, as they were"
        " signed."
    ),
    Unit.WAN,
    EVENTS,
    of={"is_new": True},
    adds="cents",
)
CONTRACTS_FULFILLED = Indicator(
    "contracts_fulfilled",
    _("First contracts that are being fulfilled"),
    _(
        "Of the first contracts of the projects newly signed in these months, the amounts of those whose"
        " project had started works or reported funds in place by the last day."
    ),
    Unit.WAN,
    EVENTS,
    of={"is_new": True},
    adds="cents",
    done_by="fulfilled_on",
)
SIGNED_FUNDS = Indicator(
    "signed_funds",
    _("Funds in place of the newly signed projects"),
    _("What the projects newly signed in these months had reported as funds in place by the last day."),
    Unit.WAN,
    SIGNED_PROGRESS,
    adds="funds_cents",
    done_by="month",
)

RATES: tuple[Indicator | Rate, ...] = (
    SIGNED_STARTED,
    Rate(
        "start_rate",
        _("Start rate of newly signed projects"),
        _(
            "Of the projects newly signed in these months, the share that had started works by the last day."
            " Voided projects stay in the denominator."
        ),
        SIGNED_STARTED,
        PROJECTS_SIGNED,
    ),
    SIGNED_PRODUCING,
    Rate(
        "production_rate",
        _("Production rate of newly signed projects"),
        _(
            "Of the projects newly signed in these months, the share that had gone into production by the"
            " last day. Voided projects stay in the denominator. Ask for two or three years to see what"
            " became of the older ones."
        ),
        SIGNED_PRODUCING,
        PROJECTS_SIGNED,
    ),
    SIGNED_FULFILLED,
    Rate(
        "fulfilment_rate",
        _("Fulfilment rate by projects"),
        _(
            "Projects newly signed in these months that had started works or reported funds in place by the"
            " last day ÷ all projects newly signed in these months. Voided projects stay in the denominator."
        ),
        SIGNED_FULFILLED,
        PROJECTS_SIGNED,
    ),
    FIRST_CONTRACTS,
    CONTRACTS_FULFILLED,
    Rate(
        "fulfilment_rate_by_amount",
        _("Fulfilment rate by amount"),
        _(
            "First contracts of the fulfilled among the projects newly signed in these months ÷ first"
            " contracts of all of them, as they were signed. Voided contracts stay in the denominator."
        ),
        CONTRACTS_FULFILLED,
        FIRST_CONTRACTS,
    ),
    SIGNED_FUNDS,
    Rate(
        "funds_rate",
        _("Rate of funds in place"),
        _(
            "Funds that the projects newly signed in these months had reported as in place by the last day ÷"
            " their first contracts, as they were signed. Voided contracts stay in the denominator."
        ),
        SIGNED_FUNDS,
        FIRST_CONTRACTS,
    ),
)
