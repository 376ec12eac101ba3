"""The part of an agent's admin page about the websites and files that its knowledge comes from."""

import uuid
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.template.response import TemplateResponse

from loquent.agents.admin.requests import failure
from loquent.agents.importing.uploads import MAX_UPLOAD_BYTES, UPLOAD_KINDS
from loquent.agents.knowledge_source import KnowledgeSource, SourceStatus
from loquent.agents.models import TextAgent
from loquent.agents.services.sources import (
    create_source,
    delete_source,
    preview_source,
    sync_source,
    undo_sync,
    with_counts,
)
from loquent.agents.services.sources.files import Upload, add_file, replace_file
from loquent.errors import ApplicationError, invalid
from loquent.text import strip_invisible

TEMPLATE = "admin/agents/textagent/sources.html"
REPORT = "admin/agents/textagent/source_report.html"
# The pages of a report that are listed; REST has all of them.
MOST_LISTED = 500
BADGES = {
    SourceStatus.WAITING: ("Waiting", ""),
    SourceStatus.RUNNING: ("Reading", ""),
    SourceStatus.READY: ("Ready", "lq-good"),
    SourceStatus.FAILED: ("Failed", "lq-bad"),
    SourceStatus.NEEDS_CONFIRMATION: ("Needs your decision", "lq-warn"),
}


def sources_context(agent: TextAgent, *, may_edit: bool) -> dict[str, Any]:
    """Return what the list of an agent's sources shows."""
    sources = with_counts(KnowledgeSource.objects.filter(agent=agent)).order_by("created_at", "id")
    return {
        "sources": [_row(source) for source in sources],
        "may_edit": may_edit,
        "file_kinds": ",".join(UPLOAD_KINDS),
        "file_limit": MAX_UPLOAD_BYTES,
    }


def _row(source: KnowledgeSource) -> dict[str, Any]:
    status = SourceStatus(source.status)
    label, tone = BADGES[status]
    return {
        "row": source,
        "label": label,
        "tone": tone,
        "is_busy": status in {SourceStatus.WAITING, SourceStatus.RUNNING},
        "needs_confirmation": status == SourceStatus.NEEDS_CONFIRMATION,
    }


def list_or_report(request: HttpRequest, agent: TextAgent, *, may_edit: bool) -> HttpResponse:
    """Return the list of sources as the page shows it, or one's report with `?report=`."""
    wanted = request.GET.get("report")
    if wanted is None:
        response = TemplateResponse(request, TEMPLATE, sources_context(agent, may_edit=may_edit))
    else:
        source = _source(agent, wanted)
        pages = source.source_pages
        # What needs attention first.
        order = {"failed": 0, "skipped": 1, "removed": 2, "added": 3, "changed": 4, "same": 5}
        rows = sorted(pages.only("url", "state", "reason"), key=lambda row: order.get(row.state, 0))
        context = {
            "pages": rows[:MOST_LISTED],
            "is_file": source.is_file,
            "more": max(0, len(rows) - MOST_LISTED),
        }
        response = TemplateResponse(request, REPORT, context)
    response["Cache-Control"] = "no-store"
    return response


def change(request: HttpRequest, agent: TextAgent) -> HttpResponse:
    """Preview or add a website, add a file, or sync, undo or delete a source: what `do` says."""
    do = request.POST.get("do", "")
    try:
        if do == "preview":
            found = preview_source(url=_address(request), organization_id=agent.organization_id)
            return JsonResponse(found.as_data())
        if do == "add":
            create_source(agent=agent, url=_address(request))
            return JsonResponse({})
        if do == "upload":
            add_file(agent=agent, upload=_upload(request))
            return JsonResponse({})
        source = _source(agent, request.POST.get("source", ""))
        if do == "replace":
            replace_file(source=source, upload=_upload(request))
        elif do == "delete":
            delete_source(source=source)
        elif do == "undo":
            undo_sync(source=source)
        elif do in {"sync", "accept"}:
            sync_source(source=source, accept_removals=do == "accept")
        else:
            return HttpResponseNotAllowed([])
    except ApplicationError as error:
        return failure(error)
    return JsonResponse({})


def _address(request: HttpRequest) -> str:
    """Return the typed address as browsers read it: https, if it names no scheme."""
    typed = strip_invisible(request.POST.get("url", "")).partition("#")[0]
    if not typed:
        raise invalid({"url": ["Enter the address of your website."]})
    return typed if "://" in typed else f"https://{typed}"


def _upload(request: HttpRequest) -> Upload:
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        raise invalid({"file": ["Choose a file."]})
    typed = strip_invisible(request.POST.get("url", "")).partition("#")[0]
    url = typed if not typed or "://" in typed else f"https://{typed}"
    # A new version keeps the address of the one before.
    return Upload(file.name or "", file.read(), url or None)


def _source(agent: TextAgent, source_id: str) -> KnowledgeSource:
    try:
        found = KnowledgeSource.objects.filter(agent=agent, id=uuid.UUID(source_id)).first()
    except ValueError:
        found = None
    if found is None:
        raise Http404
    return found
