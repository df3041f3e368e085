"""People and agencies, for the system administrator. Who may do what here stands in accounts.roles."""

from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django import forms
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import BaseUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import Agency, User
from accounts.roles import Role

# The lock-out's library has no words of its own in Chinese.
apps.get_app_config("axes").verbose_name = _("Signing in")
AccessAttempt._meta.verbose_name_plural = _("Names locked out or near it")
AccessLog._meta.verbose_name_plural = _("Who signed in and out")
AccessFailureLog._meta.verbose_name_plural = _("Failed attempts")

admin.site.unregister(Group)  # roles are a table in the code, one a person
admin.site.site_header = _("Liuzhou Invest: administration")
admin.site.site_title = _("Liuzhou Invest")
admin.site.index_title = _("Administration")


class NewUserForm(BaseUserCreationForm):
    class Meta:
        model = User
        fields = ("username",)


class UserForm(UserChangeForm):
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)

    class Meta:
        model = User
        fields = "__all__"


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    """Django's own, without groups and single permissions: a person has one role."""

    form = UserForm
    add_form = NewUserForm
    add_form_template = "admin/accounts/user/add_form.html"
    list_display = ("username", "name", "role", "agency", "is_active")
    list_filter = ("role", "is_active", "agency__kind")
    list_select_related = ("agency",)
    search_fields = ("username", "name")
    ordering = ("username",)
    filter_horizontal = ()
    autocomplete_fields = ("agency",)
    readonly_fields = ("last_login", "joined_at")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("name", "agency", "post", "email")}),
        (_("Rights"), {"fields": ("role", "is_active")}),
        (_("Times"), {"fields": ("last_login", "joined_at")}),
    )
    add_fieldsets = (
        (
            None,
            {"fields": ("username", "name", "role", "agency", "password1", "password2")},
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Without the account of the night: nobody signs in with it, nobody edits it."""
        return super().get_queryset(request).exclude(username="system")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Nobody gives rights to themselves: the administrators have no business data."""
        own = ("role", "is_active") if obj is not None and obj.pk == request.user.pk else ()
        return (*self.readonly_fields, *own)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        if "role" in form.base_fields:
            form.base_fields["role"].required = True
        return form


@admin.register(Agency)
class AgencyAdmin(admin.ModelAdmin):
    list_display = ("name", "name_en", "code", "kind")
    list_filter = ("kind",)
    search_fields = ("name", "name_en", "code")
    ordering = ("kind", "code")
