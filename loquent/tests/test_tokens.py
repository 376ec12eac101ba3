"""Tokens are long, tell their kind, and are kept only as digests under the secret key."""

import re

import pytest
from pytest_django.fixtures import Settings

from loquent.tokens import API_KEY, SESSION_TOKEN, new_token, token_digest


@pytest.mark.parametrize("prefix", [SESSION_TOKEN, API_KEY])
def test_token_is_long_random_and_url_safe(prefix: str) -> None:
    tokens = {new_token(prefix) for _ in range(100)}
    assert len(tokens) == 100
    # 32 bytes in base64 are 43 characters.
    assert all(re.fullmatch(rf"{prefix}[A-Za-z0-9_-]{{43}}", token) for token in tokens)


def test_digest_depends_on_token_and_key(settings: Settings) -> None:
    token = new_token(SESSION_TOKEN)
    digest = token_digest(token)
    assert re.fullmatch("[0-9a-f]{64}", digest)
    assert token_digest(token) == digest
    assert token_digest(token + "x") != digest
    settings.SECRET_KEY = "another key"
    assert token_digest(token) != digest
