"""The live path: outbox, relay, stream."""
