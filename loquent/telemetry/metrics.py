"""All metrics of `/metrics` (docs/operations.md lists them).

Labels have small, closed sets of values: nothing that a visitor or staff typed is ever one. A
process counts in memory; with several workers the values are in files that all of them read
(loquent/server/metrics.py), hence each gauge's `multiprocess_mode`.
"""

from prometheus_client import Counter, Gauge, Histogram

FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
REPLY = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 90.0)

PROCESSES = Gauge(
    "loquent_processes", "Server processes that are alive.", multiprocess_mode="livesum"
)
MEMORY = Gauge(
    "loquent_resident_memory_bytes", "Memory of all processes.", multiprocess_mode="livesum"
)
MEMORY_OF_LARGEST = Gauge(
    "loquent_resident_memory_max_bytes",
    "Memory of the largest process.",
    multiprocess_mode="livemax",
)
CPU = Counter("loquent_cpu_seconds", "CPU time of all processes.")
LOOP_LAG = Gauge(
    "loquent_loop_lag_seconds",
    "Callback delay of the busiest event loop.",
    multiprocess_mode="livemax",
)

SOCKETS = Gauge("loquent_sockets_open", "Open visitor sockets.", multiprocess_mode="livesum")
HANDSHAKES = Counter(
    "loquent_socket_handshakes", "Handshakes: accepted, refused or failed.", ["result"]
)
CLOSES = Counter(
    "loquent_sockets_closed", "Closed sockets, by side and close code.", ["by", "code"]
)
FRAMES = Counter("loquent_frames", "Frames, in or out.", ["direction"])

MESSAGES = Counter("loquent_messages", "Stored visitor messages.")
TURNS = Counter("loquent_turns", "Turns that ended, by outcome.", ["outcome"])
FIRST_TOKEN = Histogram(
    "loquent_turn_first_token_seconds",
    "Time from the start of a turn to its first text.",
    buckets=REPLY,
)
TURN_TIME = Histogram(
    "loquent_turn_seconds", "Time from the start of a turn to its end.", buckets=REPLY
)
TURNS_WAITING = Gauge(
    "loquent_turns_waiting",
    "Waiting messages in the whole deployment.",
    multiprocess_mode="mostrecent",
)
TURNS_RUNNING = Gauge(
    "loquent_turns_running",
    "Running turns in the whole deployment.",
    multiprocess_mode="mostrecent",
)
OLDEST_WAIT = Gauge(
    "loquent_turns_oldest_wait_seconds",
    "Wait of the oldest waiting message.",
    multiprocess_mode="mostrecent",
)
JOBS_DUE = Gauge(
    "loquent_jobs_due",
    "Background jobs that are due and that no worker has claimed.",
    multiprocess_mode="mostrecent",
)
JOBS_OLDEST_DUE = Gauge(
    "loquent_jobs_oldest_due_seconds",
    "How long the oldest of them has been due.",
    multiprocess_mode="mostrecent",
)
JOBS_RUNNING = Gauge(
    "loquent_jobs_running",
    "Background jobs that are running.",
    multiprocess_mode="mostrecent",
)
JOBS_FAILED = Gauge(
    "loquent_jobs_failed",
    "Background jobs that failed and were not retried.",
    multiprocess_mode="mostrecent",
)
REFUSALS = Counter("loquent_limit_refusals", "Refusals by rate limits, caps and budgets.", ["kind"])

MODEL_CALLS = Counter(
    "loquent_model_calls", "Replies requested from a backend.", ["backend", "outcome"]
)
MODEL_FIRST_TOKEN = Histogram(
    "loquent_model_first_token_seconds",
    "Time from the request to a backend to its first text.",
    ["backend"],
    buckets=REPLY,
)
MODEL_TOKENS = Counter(
    "loquent_model_tokens", "Tokens as the backend counts them.", ["backend", "kind"]
)
MODEL_SLOTS = Gauge(
    "loquent_model_slots",
    "Running and waiting model calls.",
    ["state"],
    multiprocess_mode="livesum",
)
BREAKERS_OPEN = Gauge(
    "loquent_breakers_open",
    "Processes whose circuit breaker for a model endpoint is open.",
    multiprocess_mode="livesum",
)

DATABASE_UP = Gauge(
    "loquent_database_up",
    "1 if the database answered during the scrape.",
    multiprocess_mode="mostrecent",
)
DATABASE_TIME = Histogram(
    "loquent_database_call_seconds",
    "Duration of a service on a database thread.",
    ["call"],
    buckets=FAST,
)
DATABASE_WAIT = Histogram(
    "loquent_database_wait_seconds", "Wait for a free database thread.", buckets=FAST
)
DATABASE_ERRORS = Counter("loquent_database_errors", "Database errors.", ["error"])
DATABASE_THREADS = Gauge(
    "loquent_database_threads",
    "Database threads: all, and busy.",
    ["state"],
    multiprocess_mode="livesum",
)

REDIS_UP = Gauge(
    "loquent_redis_up",
    "0 if a process does not receive its own messages through Redis.",
    multiprocess_mode="livemin",
)
REDIS_FAILURES = Counter("loquent_redis_failures", "Failed calls to Redis.", ["use"])

REQUESTS = Counter("loquent_http_requests", "HTTP requests.", ["view", "method", "status"])
HTTP_REFUSALS = Counter(
    "loquent_http_refusals", "HTTP requests refused before they reached Django.", ["reason"]
)
REQUEST_TIME = Histogram(
    "loquent_http_request_seconds", "Duration of an HTTP request.", ["view"], buckets=FAST
)

# Looked up once.
DATABASE_BUSY = DATABASE_THREADS.labels("busy")


class FrameTally:
    """Frames since they were last counted: only an addition per frame, because there are so many.

    Used by the event loop's thread only.
    """

    def __init__(self) -> None:
        self.received = 0
        self.sent = 0

    def count(self) -> None:
        """Put them into the metric; every second, and before each scrape."""
        received, self.received = self.received, 0
        sent, self.sent = self.sent, 0
        FRAMES.labels("in").inc(received)
        FRAMES.labels("out").inc(sent)


frames = FrameTally()
