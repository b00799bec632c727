# What was given with --env to a machine; containers get it from their engine.
[ ! -r /run/abcd/environment ] || . /run/abcd/environment
# The person's locale also where nothing logs in: an engine's exec begins a shell of its own.
if [ -z "${LANG:-}" ] && [ -r /etc/default/locale ]; then
    . /etc/default/locale
    export LANG
fi
