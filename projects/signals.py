"""The one piece of news that others may hang on to."""

from django.dispatch import Signal

# Sent inside the transaction of a move, with project=, change= (a StageChange).
stage_changed = Signal()
