from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FrameConfig(AppConfig):
    name = "liuzhou_invest"
    verbose_name = _("Frame")
