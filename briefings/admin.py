"""The names on documents and the timetable of the month, for the security administrator."""

from django.contrib import admin

from briefings.models import Stationery, Timetable


@admin.register(Stationery)
class StationeryAdmin(admin.ModelAdmin):
    """A change is a new row with its own day: published briefings keep the names they went out with."""

    list_display = ("since", "organ", "mark", "bulletin", "number_word", "signer")
    ordering = ("-since",)


@admin.register(Timetable)
class TimetableAdmin(admin.ModelAdmin):
    """By when a month is reported and confirmed: a new window is a new row."""

    list_display = ("effective_from", "report_within", "confirm_within")
    ordering = ("-effective_from",)
