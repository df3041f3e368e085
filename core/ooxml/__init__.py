"""An .xlsx by its parts: what is foreign is parsed without entities and within limits, and changed by places
of bytes. All of it runs in the child of `core.annotating`; nothing of Django is loaded here."""
