"""Every limit of the product, its default, and the variable that changes it."""

from dataclasses import dataclass, fields

from loquent.env import envint

# Characters of a search, in REST and in the admin. No setting: Django splits a search into words
# in quadratic time.
MAX_SEARCH = 200


@dataclass(frozen=True, slots=True)
class Limits:
    """All limits. Field `x` is read from the variable `LIMIT_X`; 0 turns a limit off.

    The defaults are part of the wire contract (docs/protocol.md, "Limits").
    """

    frame_bytes: int = 65_536
    message_chars: int = 4_000
    answer_chars: int = 100_000
    outbound_bytes: int = 1_048_576
    messages_burst: int = 5
    messages_per_minute: int = 20
    messages_per_day: int = 200
    messages_per_minute_per_ip: int = 120
    frames_per_minute: int = 120
    frames_per_minute_per_ip: int = 1_200
    handshakes_burst: int = 120
    handshakes_per_minute_per_ip: int = 240
    sessions_burst: int = 20
    sessions_per_hour_per_ip: int = 100
    contact_info_per_hour: int = 5
    ask_person_per_hour: int = 10
    sockets_per_session: int = 5
    sockets_per_ip: int = 100
    bad_frames: int = 10
    idle_seconds: float = 1_800
    session_days: int = 30
    api_requests_burst: int = 120
    api_requests_per_minute: int = 600
    history_messages: int = 50
    queue_waiting: int = 3
    turn_connect_seconds: float = 5
    turn_first_token_seconds: float = 30
    turn_gap_seconds: float = 20
    turn_total_seconds: float = 90
    turn_retries: int = 2
    model_calls: int = 400
    model_calls_per_widget: int = 200
    model_history_messages: int = 20
    model_history_chars: int = 16_000
    handoff_w1_seconds: float = 120
    handoff_w2_seconds: float = 600
    handoff_h1_seconds: float = 600
    handoff_a1_seconds: float = 86_400
    handoff_reopen_seconds: float = 7_200
    handoff_mail_seconds: float = 180
    handoff_visitor_mail_seconds: float = 300

    @classmethod
    def from_env(cls) -> "Limits":
        """Return the limits that the environment sets."""
        return cls(**{f.name: envint(variable(f.name), f.default) for f in fields(cls)})  # type: ignore[arg-type]


def variable(field: str) -> str:
    """Return the environment variable of a field: `frame_bytes` → `LIMIT_FRAME_BYTES`."""
    return f"LIMIT_{field.upper()}"
