"""OCI images as files: read, store, archive, flatten, and convert to LXD images."""
