"""The images that can be launched by name: their profiles, their lineage, their recipes."""
