"""Show an assistant's test questions and the runs that measured it, add questions, and run them."""

import uuid
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse

from loquent.agents.admin.entry_check import FIGURE_TITLES
from loquent.agents.models import AgentQuestion, EvaluationRun, KnowledgeEntry, TextAgent
from loquent.agents.services.answers import FIGURES, Evaluation, evaluate_agent
from loquent.agents.services.questions import import_questions, read_lines, save_question
from loquent.errors import ApplicationError
from loquent.organizations.access import visible_organizations
from loquent.organizations.site.current import current_organization
from loquent.server.large_bodies import accepts_large_bodies
from widgets.admin.home.sections import Scope, Unanswered
from widgets.models import WidgetMessage, WidgetSession
from widgets.services.insights.unanswered import agent_groups, find_group

MOST_RUNS = 12
MOST_QUESTIONS = 500
MAX_FILE_BYTES = 4 * 1024 * 1024
MOST_ERRORS = 100
MAX_QUESTION = 2_000
MOST_UNANSWERED = 10
# How long the page waits for an index in which it measures answered questions again.
INDEX_SECONDS = 0.5


class QuestionForm(forms.Form):
    """A test question."""

    question = forms.CharField(max_length=MAX_QUESTION, help_text="What a visitor asks.")
    previous = forms.CharField(
        max_length=MAX_QUESTION,
        required=False,
        label="Question before it",
        help_text="What the visitor asked before, if it matters.",
    )
    expect = forms.ChoiceField(
        label="Expected",
        choices=[
            ("entry", "an answer from the entry below"),
            ("none", "no answer: no entry answers it"),
            ("person", "a person: the request for one is recognized"),
        ],
    )
    entry = forms.ModelChoiceField(
        KnowledgeEntry.objects.none(), required=False, empty_label="No entry"
    )

    def __init__(self, agent: TextAgent, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        entries = KnowledgeEntry.objects.filter(agent=agent).defer("content").order_by("title")
        cast("forms.ModelChoiceField[KnowledgeEntry]", self.fields["entry"]).queryset = entries


def questions_url(agent_id: uuid.UUID, answer_id: uuid.UUID | None = None) -> str:
    """Return the address of an agent's test questions, and of a new one from an answer's."""
    url = f"{reverse('admin:test_questions')}?agent={agent_id}"
    # The question itself is a visitor's text, which must not be in addresses.
    return f"{url}&answer={answer_id}#lq-add" if answer_id else url


def below_entries(request: HttpRequest, agent: TextAgent) -> str:
    """Return what an agent's page shows below its entries: unanswered questions, and a link."""
    sessions = WidgetSession.objects.filter(widget__text_agent=agent)
    groups = agent_groups(agent=agent, wait_seconds=INDEX_SECONDS)
    scope = Scope(request, agent.organization, sessions)
    context = {
        "data": Unanswered(MOST_UNANSWERED).show(scope, groups),
        "tests_url": questions_url(agent.pk),
    }
    return render_to_string("admin/agent_questions.html", context, request)


def evaluated_agents(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the agents that the user sees, each with its address and newest run."""
    current = current_organization(request)
    mine = [current] if current else visible_organizations(request.user)
    agents = TextAgent.objects.filter(organization__in=mine).order_by("name", "id")[:50]
    found = []
    for agent in agents:
        run = EvaluationRun.objects.filter(agent=agent).first()
        found.append({"agent": agent, "url": questions_url(agent.pk), "run": run and run_row(run)})
    return found


def run_row(run: EvaluationRun) -> dict[str, Any]:
    """Return a run as a row of a table."""
    return {
        "at": run.created_at,
        "questions": run.questions,
        "entries": run.entries,
        "figures": [getattr(run, name) for name in FIGURES],
        "gained": len(run.gained),
        "lost": len(run.lost),
    }


@accepts_large_bodies
def questions_page(request: HttpRequest) -> HttpResponse:
    """Show the questions and runs of an agent; add, import, delete, or run questions."""
    agent = _agent(request)
    may_edit = request.user.has_perm("agents.change_textagent", agent)
    form = QuestionForm(agent, initial=_initial(request, agent))
    errors: list[str] = []
    if request.method == "POST":
        if not may_edit:
            raise Http404
        action = request.POST.get("action", "")
        if action == "draft":
            # From the playground, whose text must not be in an address either: nothing is saved.
            fields = ("question", "previous", "expect", "entry")
            form = QuestionForm(agent, initial={name: request.POST.get(name) for name in fields})
        elif action == "add":
            form = QuestionForm(agent, request.POST)
            if form.is_valid() and _added(agent, form):
                messages.success(request, "The question was added.")
                return HttpResponseRedirect(questions_url(agent.pk))
        elif action == "import":
            errors = _import(request, agent)
            if not errors:
                return HttpResponseRedirect(questions_url(agent.pk))
        else:
            _run(request, agent) if action == "run" else _delete(request, agent)
            return HttpResponseRedirect(questions_url(agent.pk))
    context = {
        **admin.site.each_context(request),
        "title": "Test questions",
        "agent": agent,
        "agents": [row for row in evaluated_agents(request) if row["agent"] != agent],
        "may_edit": may_edit,
        "form": form,
        "import_errors": errors[:MOST_ERRORS],
        "import_more": max(0, len(errors) - MOST_ERRORS),
        "back": reverse("admin:quality"),
        **_shown(agent),
    }
    return TemplateResponse(request, "admin/test_questions.html", context)


def _shown(agent: TextAgent) -> dict[str, Any]:
    """Return the runs, what the newest one changed, and the questions, the wrong ones first."""
    runs = list(EvaluationRun.objects.filter(agent=agent)[:MOST_RUNS])
    rows = AgentQuestion.objects.filter(agent=agent).select_related("entry")
    questions = list(rows.defer("entry__content").order_by("was_right", "-created_at", "id"))
    texts = {str(row.id): row.question for row in questions}
    newest = runs[0] if runs else None
    return {
        "columns": FIGURE_TITLES.values(),
        "runs": [run_row(run) for run in runs],
        "gained": [texts[row] for row in newest.gained if row in texts] if newest else [],
        "lost": [texts[row] for row in newest.lost if row in texts] if newest else [],
        "questions": questions[:MOST_QUESTIONS],
        "count": len(questions),
    }


def _agent(request: HttpRequest) -> TextAgent:
    """Return the agent of the address, else the first one that the user sees."""
    agents = TextAgent.objects.filter(organization__in=visible_organizations(request.user))
    if named := request.GET.get("agent", ""):
        agent = agents.filter(id=_uuid(named)).select_related("organization").first()
    else:
        seen = evaluated_agents(request)
        agent = seen[0]["agent"] if seen else None
    if agent is None or not request.user.has_perm("agents.view_textagent", agent):
        raise Http404
    return agent


def _initial(request: HttpRequest, agent: TextAgent) -> dict[str, str]:
    """Return a new question from the answer or the unanswered question that the address names."""
    if named := request.GET.get("answer", ""):
        answers = WidgetMessage.objects.filter(session__widget__text_agent=agent)
        answer = answers.filter(id=_uuid(named)).select_related("reply_to").first()
        asked = answer.reply_to.content if answer and answer.reply_to else ""
        return {"question": asked[:MAX_QUESTION]}
    if named := request.GET.get("unanswered", ""):
        try:
            group = find_group(agent=agent, group_id=_uuid(named))
        except ApplicationError:
            return {}
        return {"question": group.question[:MAX_QUESTION], "expect": "none"}
    return {}


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise Http404 from None


def _added(agent: TextAgent, form: QuestionForm) -> bool:
    data = form.cleaned_data
    if data["expect"] != AgentQuestion.Expect.ENTRY:
        data["entry"] = None
    try:
        save_question(AgentQuestion(agent=agent), data)
    except ApplicationError as error:
        for field, sentences in (error.fields or {"": [error.message]}).items():
            for sentence in sentences:
                form.add_error(field if field in form.fields else None, sentence)
        return False
    return True


def _import(request: HttpRequest, agent: TextAgent) -> list[str]:
    """Add the questions of a file; return what is wrong with it, line by line."""
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        return ["Choose a file."]
    data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        return ["The file is too large (more than 4 MB)."]
    try:
        imported = import_questions(agent=agent, lines=read_lines(data))
    except UnicodeDecodeError:
        return ["The file is not UTF-8 text."]
    except ApplicationError as error:
        lines = [f"{line}: {' '.join(why)}" for line, why in error.fields.items()]
        return lines or [error.message]
    messages.success(request, imported.sentence())
    return []


def _delete(request: HttpRequest, agent: TextAgent) -> None:
    row = _uuid(request.POST.get("delete", ""))
    AgentQuestion.objects.filter(agent=agent, id=row).delete()
    messages.success(request, "The question was deleted.")


def _run(request: HttpRequest, agent: TextAgent) -> None:
    try:
        evaluation = evaluate_agent(agent=agent)
    except ApplicationError as error:
        messages.warning(request, error.message)
        return
    messages.success(request, _sentence(evaluation))


def _sentence(evaluation: Evaluation) -> str:
    right = sum(result.right for result in evaluation.results)
    return f"{right} of {evaluation.questions} questions are right."
