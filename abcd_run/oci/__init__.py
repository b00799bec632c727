"""OCI images as files: read, store, archive, flatten, turn into LXD images."""
