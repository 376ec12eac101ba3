"""The table of jobs."""

from django.db import models
from django.db.models import Q

from loquent.db.models import BaseModel
from loquent.jobs.kinds import title_of


class JobState(models.TextChoices):
    """The state of a job; one that succeeded is deleted unless it has a slot."""

    WAITING = "waiting", "waiting"
    RUNNING = "running", "running"
    DONE = "done", "done"
    FAILED = "failed", "failed"


class Job(BaseModel):
    """One call of a task, to be run at `run_at` or later, at least once.

    A running job belongs to the worker `owner` while its lease lasts. If the worker dies, the lease
    expires, and any worker runs the job again.
    """

    kind = models.CharField(max_length=64, editable=False)
    # Ids only: what the job needs is read from their rows when it runs.
    args = models.JSONField(default=list, editable=False)
    # Jobs of one group share the limit `at_once` of their kind. Starts with the kind.
    group = models.CharField(max_length=160, editable=False)
    organization = models.ForeignKey(
        "organizations.Organization",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.CASCADE,
        related_name="jobs",
    )
    state = models.CharField(
        max_length=16, choices=JobState.choices, default=JobState.WAITING, editable=False
    )
    run_at = models.DateTimeField("next attempt", editable=False)
    attempts = models.PositiveIntegerField(default=0, editable=False)
    # How often a worker disappeared while it ran this job, since the last orderly end.
    lost = models.PositiveSmallIntegerField(default=0, editable=False)
    # Unexpected errors in a row. Attempts also count those after which the job chose the next time.
    failures = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    owner = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    error = models.TextField("reason", blank=True, default="", editable=False)
    # A second job for the same slot is not inserted.
    slot = models.CharField(max_length=160, null=True, unique=True, editable=False)  # noqa: DJ001

    class Meta:
        verbose_name = "background job"
        constraints = [
            models.CheckConstraint(condition=Q(state__in=JobState.values), name="job_state_known"),
            models.CheckConstraint(
                condition=~Q(state="running") | Q(owner__isnull=False, lease_until__isnull=False),
                name="job_running_has_a_lease",
            ),
        ]
        indexes = [
            models.Index(fields=["run_at"], condition=Q(state="waiting"), name="job_waiting"),
            models.Index(fields=["lease_until"], condition=Q(state="running"), name="job_running"),
            models.Index(fields=["updated_at"], condition=Q(state="failed"), name="job_failed"),
        ]

    def __str__(self) -> str:
        return title_of(self.kind)
