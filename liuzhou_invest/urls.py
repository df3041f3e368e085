"""The site map."""

from django.contrib import admin
from django.urls import include, path
from django.views.i18n import set_language

from accounts.access import anyone
from accounts.views import password, sign_out, to_sign_in
from approvals.views.confirming import confirm
from briefings.views.today import today
from core import health

urlpatterns = [
    path("", today, name="today"),
    path("", include("briefings.urls")),
    path("", include("accounts.urls")),
    path("", include("core.urls")),
    path("projects/", include("projects.urls")),
    path("ledgers/", include("ledgers.urls")),
    path("approvals/", include("approvals.urls")),
    path("confirm/<str:token>/", confirm, name="confirm"),
    path("language/", anyone(set_language), name="set_language"),
    path("api/v1/", include("liuzhou_invest.api")),
    path("admin/login/", to_sign_in),  # one door in, one out
    path("admin/logout/", sign_out),
    path("admin/password_change/", password),
    path("admin/", admin.site.urls),
    path("healthz", anyone(health.healthz)),
    path("readyz", anyone(health.readyz)),
]

handler400 = "core.errors.bad_request"
handler404 = "core.errors.not_found"
handler500 = "core.errors.server_error"
