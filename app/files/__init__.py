"""Reading strangers' files: in a child process with limits, by content and never by name."""
