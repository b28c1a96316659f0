"""The second factor: codes of an authenticator app (TOTP), beside the password."""
