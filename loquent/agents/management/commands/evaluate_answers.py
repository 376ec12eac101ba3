"""`manage.py evaluate_answers AGENT`: run an agent's test questions and print the figures."""

import argparse
import time
import uuid
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from loquent.agents.models import TextAgent
from loquent.agents.services.answers import FIGURES, Evaluation, evaluate_agent
from loquent.agents.services.questions import import_questions, read_lines
from loquent.errors import ApplicationError, ErrorCode

INDEX_SECONDS = 600


class Command(BaseCommand):
    help = (
        "Ask an agent's test questions, and print how many are answered correctly, in percent. "
        "Exits with status 1 if a figure is worse than a given minimum or maximum."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("agent", help="the agent's id")
        parser.add_argument(
            "--load",
            metavar="FILE",
            help="first add the questions of a JSON Lines file: question, previous, expect, and "
            "entry (its id or title); questions that already exist are updated, not added again",
        )
        parser.add_argument("--min-right", type=float, metavar="PERCENT", help="of right_at_1")
        parser.add_argument(
            "--max-refused-wrongly", type=float, metavar="PERCENT", help="of refused_wrongly"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        agent = _agent(options["agent"])
        if options["load"]:
            self._load(agent, Path(options["load"]))
        evaluation = _evaluate(agent)
        for result in evaluation.results:
            if not result.right:
                place = f", expected entry at {result.rank}" if result.rank else ""
                self.stdout.write(f"wrong: {result.row.question!r}: {result.outcome}{place}")
        self.stdout.write(f"questions        {evaluation.questions:6}")
        for name in FIGURES:
            value = getattr(evaluation, name)
            self.stdout.write(f"{name:16} {'–' if value is None else value:>6}")
        least, most = options["min_right"], options["max_refused_wrongly"]
        if least is not None and (evaluation.right_at_1 or 0) < least:
            raise CommandError(f"right_at_1 is below {least}.")
        if most is not None and (evaluation.refused_wrongly or 0) > most:
            raise CommandError(f"refused_wrongly is above {most}.")

    def _load(self, agent: TextAgent, path: Path) -> None:
        try:
            imported = import_questions(agent=agent, lines=read_lines(path.read_bytes()))
        except (OSError, UnicodeError) as error:
            raise CommandError(f"{path} can't be read: {error}") from None
        except ApplicationError as error:
            reasons = [f"{line}: {' '.join(why)}" for line, why in error.fields.items()]
            raise CommandError("\n".join(["Nothing was added.", *reasons])) from None
        self.stdout.write(imported.sentence())


def _agent(given: str) -> TextAgent:
    try:
        agent = TextAgent.objects.filter(id=uuid.UUID(given)).first()
    except ValueError:
        agent = None
    if agent is None:
        raise CommandError("There is no agent with this id.")
    return agent


def _evaluate(agent: TextAgent) -> Evaluation:
    end = time.monotonic() + INDEX_SECONDS
    while True:
        try:
            return evaluate_agent(agent=agent)
        except ApplicationError as error:
            if error.code is not ErrorCode.UNAVAILABLE or time.monotonic() > end:
                raise CommandError(error.message) from None
