"""What backends share that take connections: endpoints which staff enter."""

from django.conf import settings

from loquent.egress.urls import EgressRules


class ProbeError(Exception):
    """The endpoint can't be used. `message` says what is wrong, `hint` what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def egress_rules() -> EgressRules:
    """Return what the operator allows model connections to reach."""
    return EgressRules(
        networks=settings.MODEL_ALLOWED_NETWORKS, allow_http=settings.MODEL_ALLOW_HTTP
    )
