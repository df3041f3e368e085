"""An .xlsx by its parts: what is foreign is parsed without entities and within limits, and changed by places
of bytes, in the child of `core.annotating`; what is our own is written. Nothing of Django is loaded here."""
