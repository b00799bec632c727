"""What another user of the host, and root inside an instance, cannot do."""
