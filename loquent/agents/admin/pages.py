"""The parts of an agent's admin page beside its form: playground, knowledge and imports."""

import uuid
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, ClassVar

from django.core.files.uploadedfile import UploadedFile
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from loquent.agents.admin import sources
from loquent.agents.admin.entry_check import check_entry
from loquent.agents.admin.entry_list import entries_context
from loquent.agents.admin.model_choice import model_context
from loquent.agents.admin.playground import stream_reply
from loquent.agents.admin.requests import (
    draft_data,
    draft_messages,
    failure,
    id_of,
    save_sent_entry,
)
from loquent.agents.importing.encodings import NAMES, known_name
from loquent.agents.importing.files import KINDS, MAX_FILE_BYTES
from loquent.agents.importing.reading import MAX_TOLD
from loquent.agents.importing.sandbox import read_in_sandbox
from loquent.agents.models import ModelConnection, TextAgent
from loquent.agents.services.entries import delete_entry, import_entries
from loquent.agents.services.playground import charge_playground, draft_reply
from loquent.errors import ApplicationError, ErrorCode, invalid
from loquent.organizations.admin.base import TenantAdmin
from loquent.organizations.admin.form_tabs import FormTab, form_tabs
from loquent.organizations.models import Organization
from loquent.organizations.site.current import current_organization
from loquent.server.large_bodies import accepts_files, accepts_large_bodies

TEMPLATES = "admin/agents/textagent"


class AgentPages(TenantAdmin):
    """The endpoints of the agents' admin beside the form."""

    # What apps above this one show below the entries: HTML, or nothing.
    below_entries: ClassVar[list[Callable[[HttpRequest, TextAgent], str]]] = []

    def get_urls(self) -> list[URLPattern]:
        of_a_row = (
            ("knowledge/", "knowledge", self.knowledge_view),
            ("knowledge/save/", "saveentry", self.save_entry_view),
            ("knowledge/check/", "checkentry", self.check_entry_view),
            ("knowledge/delete/", "deleteentry", self.delete_entry_view),
            ("knowledge/import/", "import", self.import_view),
            ("sources/", "sources", self.sources_view),
            ("sources/change/", "changesource", self.change_source_view),
        )
        pages = [
            path(
                f"<uuid:id>/{address}",
                self.admin_site.admin_view(view),
                name=f"agents_textagent_{name}",
            )
            for address, name, view in of_a_row
        ]
        playground = path(
            "playground/",
            self.admin_site.admin_view(self.playground_view),
            name="agents_textagent_playground",
        )
        return [playground, *pages, *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        agent = context.get("original")
        context["playground_url"] = reverse("admin:agents_textagent_playground")
        owner = agent.organization if agent else current_organization(request)
        connections = ModelConnection.objects.filter(organization=owner)
        context |= model_context(self.get_queryset(request), connections, agent)
        if agent is not None:
            context["below_entries"] = [show(request, agent) for show in self.below_entries]
            context |= self._knowledge_context(request, agent)
        context |= form_tabs(context["adminform"])
        context["lq_form_tabs"].insert(1, FormTab("Knowledge"))
        return super().render_change_form(request, context, *args, **kwargs)

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Redirect to the new agent's page, where its knowledge is added."""
        response = super().response_add(request, obj, post_url_continue)
        if "_save" not in request.POST:
            return response
        page = reverse("admin:agents_textagent_change", args=[obj.pk])
        return HttpResponseRedirect(f"{page}#knowledge")

    @accepts_large_bodies
    def playground_view(self, request: HttpRequest) -> HttpResponseBase:
        """Stream an answer with the form's current settings."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            organization, saved_id = self._tried(request)
            charge_playground(user_key=str(request.user.pk))
            loaded = draft_reply(
                organization=organization,
                data=draft_data(request.POST, organization),
                messages=draft_messages(request.POST.get("messages", "")),
                saved_id=saved_id,
            )
        except ApplicationError as error:
            return failure(error)
        response = StreamingHttpResponse(
            stream_reply(loaded), content_type="application/x-ndjson; charset=utf-8"
        )
        response["Cache-Control"] = "no-store"
        # A buffering proxy would deliver the whole answer at once.
        response["X-Accel-Buffering"] = "no"
        return response

    def knowledge_view(self, request: HttpRequest, id: uuid.UUID) -> HttpResponse:  # noqa: A002
        """Return the list of entries as the page shows it, or one entry with `?entry=`."""
        agent = self._agent(request, id, "view")
        wanted = request.GET.get("entry")
        if wanted:
            return self._entry(agent, wanted)
        response = TemplateResponse(
            request, f"{TEMPLATES}/entries.html", self._knowledge_context(request, agent)
        )
        response["Cache-Control"] = "no-store"
        return response

    @accepts_large_bodies
    def save_entry_view(self, request: HttpRequest, id: uuid.UUID) -> HttpResponse:  # noqa: A002
        """Update an entry, or create one if the request names none."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        agent = self._agent(request, id, "change")
        try:
            save_sent_entry(agent, request.POST)
        except ApplicationError as error:
            return failure(error)
        return JsonResponse({})

    @accepts_large_bodies
    def check_entry_view(self, request: HttpRequest, id: uuid.UUID) -> HttpResponse:  # noqa: A002
        """Show what saving or deleting an entry would do to the test questions; save nothing."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        return check_entry(request, self._agent(request, id, "change"))

    def delete_entry_view(self, request: HttpRequest, id: uuid.UUID) -> HttpResponse:  # noqa: A002
        """Delete an entry."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        agent = self._agent(request, id, "change")
        delete_entry(agent=agent, entry_id=id_of(request.POST.get("id", "")))
        return JsonResponse({})

    @accepts_large_bodies
    def import_view(self, request: HttpRequest, id: uuid.UUID) -> HttpResponse:  # noqa: A002
        """Import one file; report what was added, and what was skipped and why.

        If the file does not state its text encoding, nothing is added, and `encodings` lists how it
        can be read, each with a sample. Sent again with `encoding`, it is read like that.
        The first MAX_TOLD skipped parts are named; `more` counts the others.
        """
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        agent = self._agent(request, id, "change")
        file = request.FILES.get("file")
        if not isinstance(file, UploadedFile):
            return failure(ApplicationError(ErrorCode.INVALID, "Please choose a file."))
        label = request.POST.get("encoding", "")
        encoding = known_name(label) if label else None
        if label and encoding is None:
            sentence = f"Unknown encoding. Use one of these: {', '.join(NAMES)}."
            return failure(invalid({"encoding": [sentence]}))
        # One byte over the limit shows that the file is too large.
        reading = read_in_sandbox(
            name=file.name or "",
            data=file.read(MAX_FILE_BYTES + 1),
            key=str(agent.organization_id),
            encoding=encoding,
        )
        try:
            report = import_entries(agent=agent, drafts=reading.drafts)
        except ApplicationError as error:
            return failure(error)
        skipped = [*reading.skipped, *report.skipped]
        told = skipped[:MAX_TOLD]
        return JsonResponse(
            {
                "added": report.added,
                "skipped": [{"what": part.what, "why": part.why} for part in told],
                "more": reading.more + report.more + len(skipped) - len(told),
                "encodings": [asdict(choice) for choice in reading.choices],
            }
        )

    def sources_view(self, request: HttpRequest, id: uuid.UUID) -> HttpResponse:  # noqa: A002
        """Return the list of sources, or a report."""
        agent = self._agent(request, id, "view")
        may_edit = self.has_change_permission(request, agent)
        return sources.list_or_report(request, agent, may_edit=may_edit)

    @accepts_files
    def change_source_view(self, request: HttpRequest, id: uuid.UUID) -> HttpResponse:  # noqa: A002
        """Preview, add, sync, undo or delete a website or a file."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        return sources.change(request, self._agent(request, id, "change"))

    def _entry(self, agent: TextAgent, wanted: str) -> HttpResponse:
        entries = agent.knowledge.select_related("page__source")
        entry = entries.filter(id=id_of(wanted)).first()
        if entry is None:
            raise Http404
        return JsonResponse(
            {
                "id": str(entry.id),
                "title": entry.title,
                "content": entry.content,
                "url": entry.url,
                "version": entry.updated_at.isoformat(),
                "source": entry.page.source.label if entry.page else "",
            }
        )

    def _knowledge_context(self, request: HttpRequest, agent: TextAgent) -> dict[str, Any]:
        names = (
            "knowledge", "saveentry", "checkentry", "deleteentry", "import", "sources",
            "changesource",
        )  # fmt: skip
        may_edit = self.has_change_permission(request, agent)
        return {
            **entries_context(agent),
            **sources.sources_context(agent, may_edit=may_edit),
            "import_kinds": ",".join(KINDS),
            "import_limit": MAX_FILE_BYTES,
            "import_told": MAX_TOLD,
            **{
                f"{name}_url": reverse(f"admin:agents_textagent_{name}", args=[agent.pk])
                for name in names
            },
        }

    def _tried(self, request: HttpRequest) -> tuple[Organization, uuid.UUID | None]:
        """Return the organization that pays for a try, and the agent whose knowledge it reads."""
        named = request.POST.get("agent", "")
        if named:
            agent = self._agent(request, id_of(named), "change")
            return self.organization_of(agent), agent.pk
        wanted = request.POST.get("organization", "")
        current = current_organization(request)
        allowed = self._organizations(request, "add")
        found = allowed.filter(id=id_of(wanted)).first() if wanted else current
        if found is None or not allowed.filter(id=found.id).exists():
            raise ApplicationError(
                ErrorCode.FORBIDDEN, "You are not allowed to test agents in this organization."
            )
        return found, None

    def _agent(self, request: HttpRequest, agent_id: uuid.UUID, action: str) -> TextAgent:
        agent = self.get_object(request, str(agent_id))
        allowed = {"view": self.has_view_permission, "change": self.has_change_permission}[action]
        if not isinstance(agent, TextAgent) or not allowed(request, agent):
            raise Http404
        return agent
