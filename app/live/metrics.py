"""What the live path counts, a process each (`/metrics`)."""

from prometheus_client import Counter, Gauge

STREAM_CLIENTS = Gauge("minqing_stream_clients", "Streams that this process has open.")
STREAM_CONNECTED = Gauge(
    "minqing_stream_connected", "Whether this process hears of new events (1), or reconnects (0)."
)
STREAM_SEQ = Gauge("minqing_stream_seq", "Number of the last event that this process sent on.")
STREAM_RESETS = Counter("minqing_stream_resets", "Viewers told to start anew.", ["reason"])
RELAY_LEADS = Gauge("minqing_relay_leads", "Whether this process publishes (1) or is a spare (0).")
RELAY_EVENTS = Counter("minqing_relay_events", "Events published by this process.")
RELAY_LAG_S = Gauge(
    "minqing_relay_lag_seconds", "For how long the oldest unpublished event has waited."
)
RECONNECTS = Counter(
    "minqing_live_reconnects", "Database connections lost and opened again.", ["who"]
)
