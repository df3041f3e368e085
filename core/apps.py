from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "core"
    verbose_name = _("Common tools")

    def ready(self) -> None:
        from core import audit, sessions, triggers  # noqa: PLC0415 - they speak of models, which stand only now

        user_logged_in.connect(sessions.begin, dispatch_uid="session-begins")
        connection_created.connect(audit.on_connection, dispatch_uid="audit-actor")
        pre_migrate.connect(triggers.before_migrations, sender=self, dispatch_uid="audit-before")
        post_migrate.connect(triggers.after_migrations, sender=self, dispatch_uid="audit-after")
