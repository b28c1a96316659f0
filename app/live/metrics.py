"""What the live path counts (`/metrics`); of gauges, how those of several workers go together."""

from prometheus_client import Counter, Gauge

STREAM_CLIENTS = Gauge(
    "minqing_stream_clients", "Streams that are open.", multiprocess_mode="livesum"
)
STREAM_CONNECTED = Gauge(
    "minqing_stream_connected",
    "Whether every worker hears of new events (1), or one reconnects (0).",
    multiprocess_mode="livemin",
)
STREAM_SEQ = Gauge(
    "minqing_stream_seq",
    "Number of the last event that was sent on, by the worker that is furthest behind.",
    multiprocess_mode="livemin",
)
STREAM_RESETS = Counter("minqing_stream_resets", "Viewers told to start anew.", ["reason"])
RELAY_LEADS = Gauge(
    "minqing_relay_leads",
    "Whether a worker of this server publishes (1) or all are spares (0).",
    multiprocess_mode="livemax",
)
RELAY_EVENTS = Counter("minqing_relay_events", "Events published by this server.")
RELAY_LAG_S = Gauge(
    "minqing_relay_lag_seconds",
    "For how long the oldest unpublished event has waited.",
    multiprocess_mode="livemostrecent",
)
RECONNECTS = Counter(
    "minqing_live_reconnects", "Database connections lost and opened again.", ["who"]
)
