"""Serve a network's machines what they start from: kernel, initrd and iPXE's script."""
