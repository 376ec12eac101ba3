"""The set-up assistant: four screens from an empty account to an answering chat on a site."""

from typing import Any

from django.contrib import admin, messages
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.template.response import TemplateResponse
from django.urls import reverse

from loquent.agents.importing.files import MAX_FILE_BYTES
from loquent.agents.importing.sandbox import read_in_sandbox
from loquent.agents.models import KnowledgeEntry, TextAgent
from loquent.agents.services.entries import import_entries
from loquent.errors import ApplicationError
from loquent.organizations.access import has_role
from loquent.organizations.models import Organization, Role
from loquent.organizations.site.current import choose_organization, current_organization
from loquent.organizations.site.navigation import StaffPage
from loquent.server.large_bodies import accepts_large_bodies
from widgets.admin.setup.checklist import checklist_context
from widgets.admin.setup.forms import ShopForm, TeachForm
from widgets.admin.setup.install import installation_context
from widgets.models import WidgetConfig
from widgets.services.setup.checklist import first_widget
from widgets.services.setup.first_run import (
    ensure_chat,
    known_answers,
    note_look,
    save_answers,
    start_own_shop,
)

SCREENS = {
    "shop": "Your shop",
    "teach": "What it should know",
    "try": "Try it",
    "site": "Put it on your site",
}
MOST_PROPOSED = 3


def setup_view(request: HttpRequest) -> HttpResponse:
    """Show the checklist on a page of its own."""
    context = {**admin.site.each_context(request), "title": "Set-up"}
    organization = current_organization(request)
    if organization is not None:
        context |= checklist_context(request, _setting_up(request))
        context["setup_is_hidden"] = organization.has_hidden_setup
    elif not getattr(request.user, "is_superuser", False):
        raise Http404
    return TemplateResponse(request, "admin/setup/setup.html", context)


def shop_view(request: HttpRequest) -> HttpResponse:
    """Ask who the shop is; create its assistant and widget when the screen is left."""
    if current_organization(request) is None and getattr(request.user, "is_superuser", False):
        return _screen(request, "shop", {})
    organization = _setting_up(request)
    is_owner = has_role(request.user, Role.OWNER, organization.id)
    typed = request.POST if request.method == "POST" else None
    form = ShopForm(typed, instance=organization, label_suffix="")
    if request.method == "POST":
        is_skipped = "skip" in request.POST or not is_owner
        if is_skipped or form.is_valid():
            if not is_skipped:
                form.save()
            ensure_chat(organization=Organization.objects.get(id=organization.id))
            return _to("teach")
    return _screen(request, "shop", {"form": form, "is_owner": is_owner})


@accepts_large_bodies
def teach_view(request: HttpRequest) -> HttpResponse:
    """Take answers to the questions that most visitors ask, and files."""
    widget = _widget(request)
    if widget is None:
        return _begin(request)
    agent = widget.text_agent
    form: TeachForm
    if request.method == "POST":
        form = TeachForm(request.POST, request.FILES, label_suffix="")
        if "skip" in request.POST:
            return _to("try")
        if form.is_valid():
            try:
                written = save_answers(agent=agent, answers=form.cleaned_data)
            except ApplicationError as error:
                form.add_error(None, error.message)
            else:
                written += _import(request, agent, form.cleaned_data["documents"])
                if written:
                    text = f"{written} answer{'' if written == 1 else 's'} saved."
                    messages.success(request, text)
                return _to("try")
    else:
        form = TeachForm(initial=known_answers(agent=agent), label_suffix="")
    return _screen(request, "teach", {"form": form})


def try_view(request: HttpRequest) -> HttpResponse:
    """Let the member ask, with questions from the shop's own knowledge to click."""
    widget = _widget(request)
    if widget is None:
        return _begin(request)
    agent = widget.text_agent
    titles = KnowledgeEntry.objects.filter(agent=agent).order_by("created_at")
    context = {
        "agent": agent,
        "proposed": list(titles.values_list("title", flat=True)[:MOST_PROPOSED]),
        "playground_url": reverse("admin:agents_textagent_playground"),
        "knowledge_url": reverse("admin:agents_textagent_change", args=[agent.pk]) + "#knowledge",
    }
    return _screen(request, "try", context)


def site_view(request: HttpRequest) -> HttpResponse:
    """Show how to put the chat on a site, and wait for it to appear there."""
    widget = _widget(request)
    if widget is None:
        return _begin(request)
    return _screen(request, "site", {**installation_context(widget), "may_change": True})


def own_shop_view(request: HttpRequest) -> HttpResponse:
    """Create the member's own organization beside the demo's, and switch to it."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    demo = _setting_up(request)
    try:
        made = start_own_shop(user=request.user, demo=demo)  # type: ignore[arg-type]
    except ApplicationError:
        raise Http404 from None
    choose_organization(request, str(made.id))
    return _to("shop")


def look_view(request: HttpRequest) -> HttpResponse:
    """Record that the member is content with how the chat looks."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    widget = _widget(request)
    if widget is not None:
        note_look(widget=widget)
    return HttpResponseRedirect(reverse("admin:setup"))


def hide_view(request: HttpRequest) -> HttpResponse:
    """Take the checklist off the start page, or put it back."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    is_hidden = request.POST.get("hide") == "1"
    Organization.objects.filter(id=_setting_up(request).id).update(has_hidden_setup=is_hidden)
    if is_hidden:
        messages.info(request, "Hidden. You can find the checklist under Help › Set-up.")
    return HttpResponseRedirect(reverse("admin:index"))


SETUP_PAGES = [
    StaffPage("setup", "setup/", setup_view),
    StaffPage("setup_shop", "setup/shop/", shop_view),
    StaffPage("setup_teach", "setup/teach/", teach_view),
    StaffPage("setup_try", "setup/try/", try_view),
    StaffPage("setup_site", "setup/site/", site_view),
    StaffPage("setup_own_shop", "setup/own-shop/", own_shop_view),
    StaffPage("setup_look", "setup/look/", look_view),
    StaffPage("setup_hide", "setup/hide/", hide_view),
]


def _setting_up(request: HttpRequest) -> Organization:
    """Return the current organization; raise Http404 unless the member may set it up."""
    organization = current_organization(request)
    if organization is None or not has_role(request.user, Role.ADMIN, organization.id):
        raise Http404
    return organization


def _widget(request: HttpRequest) -> WidgetConfig | None:
    if current_organization(request) is None and getattr(request.user, "is_superuser", False):
        return None
    return first_widget(organization=_setting_up(request))


def _begin(request: HttpRequest) -> HttpResponse:
    """Lead to the first screen, or ask a superuser to choose an organization."""
    return _to("shop") if current_organization(request) else _screen(request, "shop", {})


def _to(screen: str) -> HttpResponse:
    return HttpResponseRedirect(reverse(f"admin:setup_{screen}"))


def _screen(request: HttpRequest, key: str, context: dict[str, Any]) -> HttpResponse:
    names = list(SCREENS)
    at = names.index(key)
    form = context.get("form")
    shown = {
        **admin.site.each_context(request),
        "title": SCREENS[key],
        "number": at + 1,
        "screens": [
            {
                "title": SCREENS[name],
                "url": reverse(f"admin:setup_{name}"),
                "is_current": name == key,
            }
            for name in names
        ],
        "back": reverse(f"admin:setup_{names[at - 1]}") if at else "",
        "next": reverse(f"admin:setup_{names[at + 1]}") if at + 1 < len(names) else "",
        **context,
    }
    status = 400 if form is not None and form.errors else 200
    return TemplateResponse(request, f"admin/setup/{key}.html", shown, status=status)


def _import(request: HttpRequest, agent: TextAgent, files: list[Any]) -> int:
    """Read files into entries; tell what was left out and why. Return how many were added."""
    added = 0
    for file in files:
        reading = read_in_sandbox(
            name=file.name or "", data=file.read(MAX_FILE_BYTES + 1), key=str(agent.organization_id)
        )
        report = import_entries(agent=agent, drafts=reading.drafts)
        added += report.added
        for part in [*reading.skipped, *report.skipped][:5]:
            messages.warning(request, f"“{part.what}”: {part.why}")
    return added
