"""The admin pages of model connections, with their test."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http import HttpResponseRedirect as Redirect
from django.urls import URLPattern, path, reverse

from loquent.agents.backends.presets import PRESETS
from loquent.agents.models import ModelConnection
from loquent.agents.services.connections import (
    CONNECTION_FIELDS,
    MAX_KEY,
    ConnectionData,
    add_connection,
    check_connection,
    connection_models,
    delete_connection,
    update_connection,
)
from loquent.errors import ApplicationError
from loquent.organizations.admin.base import TenantAdmin
from loquent.organizations.admin.fields import LinesField
from loquent.organizations.admin.forms import ServiceForm, take_over
from loquent.organizations.site.staff_site import Nav

CHANGE = "admin:agents_modelconnection_change"
LEVELS = {"ok": messages.SUCCESS, "warn": messages.WARNING, "fail": messages.ERROR}
ADDRESSES = {preset.name: preset.base_url for preset in PRESETS}


class ModelConnectionForm(ServiceForm[ModelConnection]):
    """What an owner sets of a connection. The key is never shown again."""

    provider = forms.ChoiceField(
        choices=[("", "Another provider"), *((preset.name, preset.name) for preset in PRESETS)],
        required=False,
        help_text="Fills in the address, if you leave it empty.",
    )
    api_key = forms.CharField(
        label="API key",
        required=False,
        max_length=MAX_KEY,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    model_names = LinesField(
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
        label="Models",
        required=False,
        help_text="The names that assistants may use, one per line. Leave empty to allow any.",
    )

    class Meta:
        model = ModelConnection
        fields = [
            "organization", "provider", "name", "base_url", "api_key", "model_names",
            "embedding_model",
        ]  # fmt: skip
        widgets = {
            "base_url": forms.TextInput(attrs={"inputmode": "url", "placeholder": "https://"})
        }
        labels = {"base_url": "Address of the API"}
        help_texts = {
            "name": "Such as the name of the provider. Only your staff see it.",
            "base_url": "Up to /v1, such as https://api.openai.com/v1. Visitors' questions are "
            "sent to this address.",
            "embedding_model": "Optional. Finds knowledge by meaning with a model of this "
            "provider, for the assistants that use this connection. Leave empty to use the "
            "server's own, which is free.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["base_url"].required = False
        self.fields["name"].required = False
        row = self.instance
        self.fields["api_key"].help_text = (
            "A key is stored, encrypted. Leave this empty to keep it."
            if row.encrypted_key
            else "From your provider's API keys page. It is stored encrypted, and never shown "
            "again."
        )

    def clean(self) -> dict[str, Any]:
        """Fill in what the chosen provider says."""
        data = super().clean() or {}
        chosen = data.get("provider", "")
        data["base_url"] = data.get("base_url") or ADDRESSES.get(chosen, "")
        data["name"] = data.get("name") or chosen
        for name, sentence in (
            ("base_url", "Choose a provider, or enter the address of its API."),
            ("name", "Enter a name."),
        ):
            if not data[name] and name not in self.errors:
                self.add_error(name, sentence)
        return data


@admin.register(ModelConnection)
class ModelConnectionAdmin(TenantAdmin):
    """Accounts at model providers, for owners alone."""

    nav = Nav("Settings", 35, "AI models", "agent", section="Settings")
    empty_text = (
        "No AI models are connected. Connect an account at a provider, and assistants word their "
        "own answers from your knowledge."
    )
    form = ModelConnectionForm
    list_display = ["name", "organization", "base_url", "used_by"]
    list_select_related = ["organization"]
    fields = [
        "organization", "provider", "name", "base_url", "api_key", "model_names", "embedding_model",
    ]  # fmt: skip
    change_form_template = "admin/agents/modelconnection/change_form.html"

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[ModelConnection]:
        rows: models.QuerySet[ModelConnection] = super().get_queryset(request)
        return rows.annotate(agent_count=models.Count("agents"))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["organization"] if obj else []

    def get_urls(self) -> list[URLPattern]:
        views = {"test": self.test, "models": self.add_models}
        return [
            path(
                f"<uuid:object_id>/{name}/",
                self.admin_site.admin_view(view),
                name=f"agents_modelconnection_{name}",
            )
            for name, view in views.items()
        ] + super().get_urls()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        cleaned = form.cleaned_data
        data = cast("ConnectionData", {n: cleaned[n] for n in CONNECTION_FIELDS})
        # An empty field of a password means: as before.
        if cleaned["api_key"]:
            data["api_key"] = cleaned["api_key"]
        if change:
            take_over(obj, update_connection(connection=obj, data=data))
        else:
            take_over(obj, add_connection(organization=obj.organization, data=data))

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Go to the page of the new connection, and say at once whether it works."""
        self._tell(request, obj, "")
        return Redirect(reverse(CHANGE, args=[obj.pk]))

    def delete_model(self, request: HttpRequest, obj: ModelConnection) -> None:
        delete_connection(connection=obj)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        for connection in queryset:
            delete_connection(connection=connection)

    @admin.display(description="used by", ordering="agent_count")
    def used_by(self, obj: Any) -> str:
        return f"{obj.agent_count} assistant{'' if obj.agent_count == 1 else 's'}"

    def test(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """Say whether the connection works."""
        connection = self._posted(request, object_id)
        if isinstance(connection, HttpResponse):
            return connection
        self._tell(request, connection, request.POST.get("model", "").strip()[:180])
        return Redirect(reverse(CHANGE, args=[connection.pk]))

    def add_models(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """Take over the models that the endpoint lists."""
        connection = self._posted(request, object_id)
        if isinstance(connection, HttpResponse):
            return connection
        try:
            names = connection_models(connection=connection)
            update_connection(connection=connection, data={"model_names": names})
        except ApplicationError as error:
            messages.error(request, error.message)
        else:
            plural = "model was" if len(names) == 1 else "models were"
            messages.success(request, f"{len(names):,} {plural} found. Remove those you don't use.")
        return Redirect(reverse(CHANGE, args=[connection.pk]))

    def _tell(self, request: HttpRequest, connection: ModelConnection, model: str) -> None:
        result = check_connection(connection=connection, model=model)
        sentence = f"{result.message} {result.hint}".strip()
        messages.add_message(request, LEVELS[result.level], sentence)

    def _posted(self, request: HttpRequest, object_id: Any) -> ModelConnection | HttpResponse:
        """Return the connection of a form that was posted by an owner."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        connection: ModelConnection | None = self.get_object(request, str(object_id))
        if connection is None or not self.has_change_permission(request, connection):
            raise Http404
        return connection
