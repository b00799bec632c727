"""What another user of the host and root inside an instance must not be able to do."""
