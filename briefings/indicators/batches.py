"""The seven batches: what moves through them, and what stands in each."""

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from briefings.indicators.kinds import Indicator, Rate, Unit
from briefings.indicators.sources import CARRIED, HOLDINGS, MOVES, STAYS
from projects.choices import Stage

WORKS: tuple[Indicator | Rate, ...] = (
    Indicator(
        "started",
        _("Projects started"),
        _(
            "Projects that moved into commencement or beyond in these months,"
            " less those taken back out of it as a correction."
        ),
        Unit.PROJECTS,
        MOVES,
        adds="into_works",
    ),
    Indicator(
        "produced",
        _("Projects gone into production"),
        _(
            "Projects that moved into production or beyond in these months,"
            " less those taken back out of it as a correction."
        ),
        Unit.PROJECTS,
        MOVES,
        adds="into_production",
    ),
)

# The projects that came into each batch: what the board shows of a month.
ARRIVALS = tuple(
    Indicator(
        f"arrived_{stage.value}",
        format_lazy(_("Arrived in “{batch}”"), batch=stage.label),
        _("Projects that moved forwards into this batch in these months; each counts once."),
        Unit.PROJECTS,
        MOVES,
        of={"target": stage.value, "is_arrival": True},
        subject="project",
    )
    for stage in Stage
)

ARRIVED_AMOUNTS = tuple(
    Indicator(
        f"arrived_amount_{stage.value}",
        format_lazy(_("Contracted by arrivals in “{batch}”"), batch=stage.label),
        _(
            "What the projects that moved forwards into this batch in these months had contracted by the"
            " last day: all their verified contract events that count. A project that arrives again in the"
            " same year counts the first time."
        ),
        Unit.WAN,
        CARRIED,
        of={"batch": stage.value},
        adds="cents",
        done_by="counted_on",
    )
    for stage in Stage
)

# --- What stands in each batch ------------------------------------------------------------------------

STANDING = tuple(
    Indicator(
        f"standing_{stage.value}",
        format_lazy(_("Standing in “{batch}”"), batch=stage.label),
        _(
            "Projects that stood in this batch at the end of the last day, by their history of moves."
            " Paused projects are among them, those given up are not."
        ),
        Unit.PROJECTS,
        STAYS,
        of={"target": stage.value},
        open_between=("on", "left_on"),
    )
    for stage in Stage
)
STANDING_AMOUNTS = tuple(
    Indicator(
        f"standing_amount_{stage.value}",
        format_lazy(_("Contracted by projects in “{batch}”"), batch=stage.label),
        _(
            "What the projects standing in this batch at the end of the last day had contracted by then:"
            " all their verified contract events that count, whenever they were signed."
        ),
        Unit.WAN,
        HOLDINGS,
        of={"batch": stage.value},
        adds="cents",
        open_between=("held_since", "left_on"),
    )
    for stage in Stage
)

# --- Conversion from batch to batch -------------------------------------------------------------------


def _later(stage: Stage) -> tuple[str, ...]:
    return tuple(later.value for later in Stage if later.rank > stage.rank)


def _conversion(stage: Stage) -> tuple[Indicator, Indicator, Rate]:
    """Who was in the batch, who of them moved on, and the share."""
    inside = Indicator(
        f"in_{stage.value}",
        format_lazy(_("Passing through “{batch}”"), batch=stage.label),
        _(
            "Projects that stood in this batch when these months began or came into it during them;"
            " each counts once."
        ),
        Unit.PROJECTS,
        STAYS,
        of={"target": stage.value},
        subject="project",
        open_between=("on", "left_on"),
        at_any_time=True,
    )
    passed = Indicator(
        f"passed_{stage.value}",
        format_lazy(_("Moved on from “{batch}”"), batch=stage.label),
        _("Of the projects passing through this batch, those that moved on to a later one by the last day."),
        Unit.PROJECTS,
        STAYS,
        of={"target": stage.value, "left_for": _later(stage)},
        subject="project",
        done_by="left_on",
        open_between=("on", "left_on"),
        at_any_time=True,
    )
    return inside, passed, _rate(stage, passed, inside)


def _rate(stage: Stage, passed: Indicator, inside: Indicator) -> Rate:
    if stage == Stage.NEGOTIATION:
        return Rate(
            "signing_rate",
            _("Signing rate"),
            _(
                "Projects that moved on from negotiation to signing in these months ÷ all projects under"
                " negotiation in them: those that stood in negotiation when the months began and those that"
                " came into it. Talks given up stay in the denominator."
            ),
            passed,
            inside,
        )
    return Rate(
        f"conversion_{stage.value}",
        format_lazy(_("Conversion from “{batch}”"), batch=stage.label),
        _(
            "Projects that moved on from this batch to a later one in these months ÷ all that stood in it"
            " when the months began or came into it during them. Projects given up stay in the denominator."
        ),
        passed,
        inside,
    )


# Nothing comes after full capacity.
CONVERSION: tuple[Indicator | Rate, ...] = tuple(
    found for stage in Stage if stage != Stage.FULL_CAPACITY for found in _conversion(stage)
)
