"""The wall: a page on loopback that shows all running instances as live tiles.

`instances` asks the runtimes, rarely and from few threads; `answers` serves each address; `server`
admits only this user. The page itself is plain HTML, CSS and JavaScript.
"""
