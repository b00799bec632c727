# What was given with --env to a machine; containers get it from their engine.
[ ! -r /run/abcd/environment ] || . /run/abcd/environment
