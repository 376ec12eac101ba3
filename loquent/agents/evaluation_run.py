"""The record of a run of an agent's test questions."""

from django.db import models

from loquent.db.models import BaseModel


class EvaluationRun(BaseModel):
    """The figures of one run of an agent's test questions, in percent; None: no such questions.

    `entries`: how many the knowledge had. `gained`, `lost`: the ids of the questions that are
    right now and were wrong in the run before, and the other way round.
    """

    agent = models.ForeignKey(
        "agents.TextAgent", on_delete=models.CASCADE, related_name="evaluation_runs"
    )
    questions = models.PositiveIntegerField()
    right_at_1 = models.FloatField(null=True)
    right_at_3 = models.FloatField(null=True)
    refused_wrongly = models.FloatField(null=True)
    refused_rightly = models.FloatField(null=True)
    persons = models.FloatField(null=True)
    entries = models.PositiveIntegerField()
    gained = models.JSONField(default=list)
    lost = models.JSONField(default=list)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [models.Index(fields=["agent", "-created_at"], name="evaluation_run_newest")]

    def __str__(self) -> str:
        return f"{self.questions} questions"
