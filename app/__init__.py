"""The web application, by domain. A domain imports only downward (see docs/architecture.md)."""
