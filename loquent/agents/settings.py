"""The settings of what agents connect to, which loquent/settings.py takes over."""

from loquent.env import envbool, envnetworks

__all__ = [
    "ACTIONS_ALLOWED_NETWORKS",
    "ACTIONS_ALLOW_HTTP",
    "MODEL_ALLOWED_NETWORKS",
    "MODEL_ALLOW_HTTP",
    "SOURCES_ALLOWED_NETWORKS",
    "SOURCES_ALLOW_HTTP",
]

# Where model connections of organizations may lead to, beyond https to public addresses.
MODEL_ALLOWED_NETWORKS = envnetworks("MODEL_ALLOWED_NETWORKS")
MODEL_ALLOW_HTTP = envbool("MODEL_ALLOW_HTTP", False)
# The same for the websites that knowledge is read from.
SOURCES_ALLOWED_NETWORKS = envnetworks("SOURCES_ALLOWED_NETWORKS")
SOURCES_ALLOW_HTTP = envbool("SOURCES_ALLOW_HTTP", False)
# The same for what actions call.
ACTIONS_ALLOWED_NETWORKS = envnetworks("ACTIONS_ALLOWED_NETWORKS")
ACTIONS_ALLOW_HTTP = envbool("ACTIONS_ALLOW_HTTP", False)
