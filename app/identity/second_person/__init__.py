"""What opens contacts or the audit is proposed by one admin and confirmed by another."""
