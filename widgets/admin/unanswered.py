"""Write the knowledge entry that answers a question which had no answer."""

import uuid
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode

from loquent.agents.importing.reading import MAX_CONTENT
from loquent.agents.models import AgentQuestion, KnowledgeEntry, TextAgent
from loquent.agents.services.entries import save_entry
from loquent.agents.services.questions import save_question
from loquent.errors import ApplicationError
from loquent.organizations.access import visible_organizations
from loquent.server.large_bodies import accepts_large_bodies
from widgets.models import WidgetConfig, WidgetMessage
from widgets.services.insights.asked import PersonReply, person_reply
from widgets.services.insights.unanswered import (
    UnansweredGroup,
    answer_group,
    find_group,
    ignore_group,
)
from widgets.types import MessageRole

# The longest test question.
MAX_QUESTION = 2_000


class AnswerForm(forms.Form):
    """A new entry; the question is its title."""

    title = forms.CharField(max_length=200)
    content = forms.CharField(label="Answer", max_length=MAX_CONTENT, widget=forms.Textarea)
    url = forms.URLField(
        label="Link",
        required=False,
        max_length=2_000,
        assume_scheme="https",
        help_text="A page on which visitors can read more.",
    )
    keep = forms.BooleanField(
        label="Keep the question as a test question",
        required=False,
        help_text="Its text is kept even if the conversation is deleted.",
    )


def answer_url(group: UnansweredGroup) -> str:
    """Return the address of the page on which a group is answered."""
    query = urlencode({"agent": str(group.agent_id), "question": str(group.id)})
    return f"{reverse('admin:answer_question')}?{query}"


def test_url(group: UnansweredGroup) -> str:
    """Return the address of a new test question that a group fills in."""
    query = urlencode({"agent": str(group.agent_id), "unanswered": str(group.id)})
    return f"{reverse('admin:test_questions')}?{query}#lq-add"


def answer_message_url(request: HttpRequest, widget: WidgetConfig) -> str:
    """Return the address of the page on which a visitor's message is answered, without its ID.

    An empty text for members who may not write answers.
    """
    if not request.user.has_perm("agents.change_textagent", widget.organization):
        return ""
    query = urlencode({"agent": str(widget.text_agent_id)})
    return f"{reverse('admin:answer_question')}?{query}&message="


def check_url(agent: TextAgent) -> str:
    """Return the address that says what an entry would do to the test questions."""
    return reverse("admin:agents_textagent_checkentry", args=[agent.id])


@accepts_large_bodies
def answer_page(request: HttpRequest) -> HttpResponse:
    """Show the form with the question as the title; save the entry, and measure the question."""
    agent = _agent(request)
    if "message" in request.GET:
        return _message_page(request, agent)
    group = _group(request, agent)
    reply: PersonReply | None = None
    if request.method == "POST" and "ignore" in request.POST:
        if group is not None:
            ignore_group(agent=agent, group=group)
        messages.success(request, "The question is ignored until it is asked again.")
        return HttpResponseRedirect(reverse("admin:knowledge"))
    if request.method == "POST":
        form = AnswerForm(request.POST, label_suffix="")
        if form.is_valid() and (entry := _save(agent, form)):
            _keep(request, form, entry, group.question if group else form.cleaned_data["title"])
            _tell(request, agent, group, entry)
            return HttpResponseRedirect(reverse("admin:knowledge"))
    elif group is None:
        messages.info(request, "This question has already been answered.")
        return HttpResponseRedirect(reverse("admin:knowledge"))
    else:
        reply = group.person_reply()
        form = AnswerForm(initial=_initial(group.question, reply), label_suffix="")
    context = {
        **admin.site.each_context(request),
        "title": "Write an answer",
        "form": form,
        "agent": agent,
        "check_url": check_url(agent),
        "group": group,
        "test_url": group and test_url(group),
        "reply": reply,
        "back": reverse("admin:knowledge"),
    }
    return TemplateResponse(request, "admin/answer_question.html", context)


def _message_page(request: HttpRequest, agent: TextAgent) -> HttpResponse:
    """Show the form with one visitor's message as the title, and return to its conversation."""
    asked = WidgetMessage.objects.filter(
        id=_uuid(request, "message"), role=MessageRole.USER, session__widget__text_agent=agent
    ).first()
    if asked is None:
        raise Http404
    back = reverse("admin:widgets_widgetsession_change", args=[asked.session_id])
    typed = request.POST if request.method == "POST" else None
    reply = None if typed else person_reply([asked.id])
    form = AnswerForm(typed, initial=_initial(asked.content, reply), label_suffix="")
    if form.is_valid() and (entry := _save(agent, form)):
        _keep(request, form, entry, asked.content)
        messages.success(request, "Saved. The assistant uses the answer immediately.")
        return HttpResponseRedirect(back)
    context = {
        **admin.site.each_context(request),
        "title": "Write an answer",
        "form": form,
        "agent": agent,
        "check_url": check_url(agent),
        "reply": reply,
        "back": back,
    }
    return TemplateResponse(request, "admin/answer_question.html", context)


def _initial(question: str, reply: PersonReply | None) -> dict[str, str]:
    title = " ".join(question.split())[:200]
    return {"title": title, "content": reply.text[:MAX_CONTENT] if reply else ""}


def _agent(request: HttpRequest) -> TextAgent:
    agents = TextAgent.objects.filter(organization__in=visible_organizations(request.user))
    agent = agents.filter(id=_uuid(request, "agent")).select_related("organization").first()
    if agent is None or not request.user.has_perm("agents.change_textagent", agent):
        raise Http404
    return agent


def _group(request: HttpRequest, agent: TextAgent) -> UnansweredGroup | None:
    try:
        return find_group(agent=agent, group_id=_uuid(request, "question"))
    except ApplicationError:
        # Another member has closed it: what was typed is saved nevertheless.
        return None


def _uuid(request: HttpRequest, name: str) -> uuid.UUID:
    try:
        return uuid.UUID(request.GET.get(name, ""))
    except ValueError:
        raise Http404 from None


def _save(agent: TextAgent, form: AnswerForm) -> KnowledgeEntry | None:
    data: Any = {name: form.cleaned_data[name] for name in ("title", "content", "url")}
    try:
        return save_entry(agent=agent, data=data)
    except ApplicationError as error:
        for field, sentences in (error.fields or {"": [error.message]}).items():
            for sentence in sentences:
                form.add_error(field if field in form.fields else None, sentence)
        return None


def _keep(request: HttpRequest, form: AnswerForm, entry: KnowledgeEntry, question: str) -> None:
    """Make the question a test question that expects the entry, if that is ticked."""
    if not form.cleaned_data["keep"]:
        return
    row = AgentQuestion(agent_id=entry.agent_id)
    try:
        save_question(row, {"question": question[:MAX_QUESTION], "entry": entry})
    except ApplicationError as error:
        sentences = [text for texts in error.fields.values() for text in texts] or [error.message]
        messages.warning(request, f"The test question was not added: {' '.join(sentences)}")


def _tell(
    request: HttpRequest, agent: TextAgent, group: UnansweredGroup | None, entry: KnowledgeEntry
) -> None:
    if group is None or answer_group(agent=agent, group=group, entry=entry):
        messages.success(request, "Saved. The assistant now answers this question.")
    else:
        messages.warning(
            request,
            "Saved, but a search for the question does not find the entry yet. The question stays "
            "in the list until it does. If it stays, use the visitor's words in the title.",
        )
