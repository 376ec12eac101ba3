"""The admin page of background jobs: what failed or is waiting, why, and a way to retry."""

from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http import HttpResponseRedirect as Redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from loquent.jobs.kinds import describe_jobs, title_of
from loquent.jobs.models import Job, JobState
from loquent.jobs.queue import delete_job, retry_job
from loquent.organizations.admin.base import TenantAdmin
from loquent.organizations.admin.moments import date_and_time
from loquent.organizations.site.staff_site import Nav

LIST = "admin:jobs_job_changelist"
BADGES = {JobState.FAILED: "lq-bad", JobState.DONE: "lq-good"}
RETRIES = frozenset({JobState.FAILED.value, JobState.WAITING.value})
NOTHING = "–"


class JobAdmin(TenantAdmin):
    """An organization's jobs, for its owners. Superusers also see those of the server."""

    empty_text = "No jobs are waiting, and none has failed."
    nav = Nav("Settings", 39, "Background jobs", "server", section="Settings")
    list_display = ["what", "organization", "status", "attempts", "reason", "next_attempt"]
    list_select_related = ["organization"]
    list_filter = ["state"]
    fields = ("what", "organization", "status", "attempts", "reason", "next_attempt", "created_at")
    readonly_fields = fields
    ordering = ["-updated_at", "-id"]
    actions = ["retry_selected"]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Job]:
        rows: models.QuerySet[Job] = super().get_queryset(request)
        if not getattr(request.user, "is_superuser", False):
            return rows
        return Job.objects.filter(models.Q(pk__in=rows.values("pk")) | models.Q(organization=None))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def _may(self, request: HttpRequest, action: str, obj: Any) -> bool:
        is_of_server = isinstance(obj, Job) and obj.organization_id is None
        if is_of_server and not getattr(request.user, "is_superuser", False):
            return False
        return super()._may(request, action, obj)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Read what the jobs of the page are about, by one query per kind."""
        changes = super().get_changelist_instance(request)
        changes.result_list = list(changes.result_list)
        about = describe_jobs([(row.kind, row.args) for row in changes.result_list])
        for row, text in zip(changes.result_list, about, strict=True):
            row.about = text
        return changes

    def delete_model(self, request: HttpRequest, obj: Job) -> None:
        delete_job(job_id=obj.id)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Job]) -> None:
        for job in queryset:
            delete_job(job_id=job.id)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = context.get("original")
        context["lq_may_retry"] = row is not None and row.state in RETRIES
        return super().render_change_form(request, context, *args, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.retry_view)
        return [path("<uuid:object_id>/retry/", view, name="jobs_job_retry"), *super().get_urls()]

    @admin.display(description="job", ordering="kind")
    def what(self, obj: Any) -> str:
        title = title_of(obj.kind)
        about = getattr(obj, "about", None)
        if about is None:
            [about] = describe_jobs([(obj.kind, obj.args)])
        return f"{title}: {about}" if about else title

    @admin.display(description="state", ordering="state")
    def status(self, obj: Job) -> str:
        return format_html(
            '<span class="lq-badge {}">{}</span>',
            BADGES.get(JobState(obj.state), ""),
            obj.get_state_display(),
        )

    @admin.display(description="reason", empty_value=NOTHING)
    def reason(self, obj: Job) -> str:
        return obj.error or NOTHING

    @admin.display(description="next attempt", ordering="run_at")
    def next_attempt(self, obj: Job) -> str:
        return date_and_time(obj.run_at) if obj.state == JobState.WAITING else NOTHING

    @admin.action(description="Retry selected jobs", permissions=["delete"])
    def retry_selected(self, request: HttpRequest, queryset: models.QuerySet[Job]) -> None:
        """Run the selected failed or waiting jobs now."""
        jobs = [job for job in queryset if self.has_delete_permission(request, job)]
        count = sum(retry_job(job_id=job.id) for job in jobs)
        self.message_user(request, f"{count} job{'' if count == 1 else 's'} will run again now.")

    def retry_view(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """Run one job now."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        job = self.get_object(request, str(object_id))
        if job is None or not self.has_delete_permission(request, job):
            raise Http404
        if retry_job(job_id=job.id):
            messages.success(request, "The job will run again now.")
        else:
            messages.warning(request, "The job is running or done.")
        return Redirect(reverse(LIST))
