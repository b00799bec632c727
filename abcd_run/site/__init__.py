"""From a browser's variant to a site: a folder of static files that boots it in a tab.

What it takes is kept apart from the emulator that it is for: `root` makes the file system, `build`
lays out the folder, and only `software`, `saved_state` and the page know v86. That emulator has a
processor of 32 bits; a wider one replaces those three.
"""
