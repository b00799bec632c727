"""Live ISOs: built from an OCI image's root file system, read, and seeded; all without root."""
