"""What stands beside the code for those who deploy it."""

import re
from dataclasses import fields

from django.conf import settings

from loquent.limits import Limits, variable

COMPOSE_ONLY = {"POSTGRES_PASSWORD", "PORT"}


def read(name: str) -> str:
    return (settings.BASE_DIR / name).read_text(encoding="utf-8")


def test_the_example_has_every_variable_and_its_default() -> None:
    in_settings = set(re.findall(r'\benv[a-z]+\(\s*"([A-Z_]+)"', read("loquent/settings.py")))
    limits = {variable(field.name): field.default for field in fields(Limits)}
    example = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", read(".env.example"), re.MULTILINE))
    assert len(in_settings) > 10
    assert example.keys() == in_settings | limits.keys() | COMPOSE_ONLY
    assert {name: int(example[name]) for name in limits} == limits


def test_compose_asks_for_the_secrets() -> None:
    compose = read("docker-compose.yml")
    assert "${SECRET_KEY:?" in compose
    assert "${POSTGRES_PASSWORD:?" in compose


def test_the_image_has_what_it_copies() -> None:
    copied = re.findall(r"^COPY (\S+)", read("Dockerfile"), re.MULTILINE)
    let_in = {line[1:] for line in read(".dockerignore").splitlines() if line.startswith("!")}
    for name in copied:
        assert (settings.BASE_DIR / name).exists()
        assert name in let_in | {"widget-js/dist"}
