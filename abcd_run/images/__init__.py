"""The images that can be launched by name: their profiles, lineage and recipes."""
