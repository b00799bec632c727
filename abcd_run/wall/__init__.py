"""The wall: a page on loopback that shows all running instances as live tiles.

`seen` asks the runtimes, seldom and by few threads; `answers` says what each address gives;
`server` lets nobody in but this user. The page itself is plain HTML, CSS and JavaScript.
"""
