"""Things that carry a Chinese and an English name."""

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class Bilingual(models.Model):
    name = models.CharField(_("name"), max_length=100)
    name_en = models.CharField(_("English name"), max_length=120, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        """The name in the reader's language; the Chinese one where no other was given."""
        language = get_language() or ""
        return self.name_en if self.name_en and language.startswith("en") else self.name
