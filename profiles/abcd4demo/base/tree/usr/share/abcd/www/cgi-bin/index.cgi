#!/bin/sh
# The page. No script in it and nothing from elsewhere; the facts are plain text (see services).
# shellcheck disable=SC1091,SC2154 # written by services
. /run/abcd/facts
read -r hostname </proc/sys/kernel/hostname
read -r now _ </proc/uptime

seconds=$((${now%.*} - started))
uptime="$((seconds % 60)) s"
[ "$seconds" -lt 60 ] || uptime="$((seconds / 60 % 60)) min $uptime"
[ "$seconds" -lt 3600 ] || uptime="$((seconds / 3600)) h $uptime"

cat <<EOF
Content-Type: text/html; charset=utf-8
Cache-Control: no-store
Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; img-src data:

<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$image on $runtime</title>
<link rel="icon" href="data:,">
<style>
:root { color-scheme: light dark; --back: #f3f5f8; --card: #fff; --text: #1b2430; --soft: #556070; --line: #dfe4ea; --mark: #0b6b57; }
@media (prefers-color-scheme: dark) {
  :root { --back: #12171e; --card: #1b222c; --text: #e8edf3; --soft: #a3b0bf; --line: #2e3947; --mark: #5fd3b5; }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--back); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 34rem; padding: 2rem; background: var(--card); border: 1px solid var(--line); border-top: .3rem solid var(--mark); border-radius: .6rem; }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; overflow-wrap: anywhere; }
p { margin: .5rem 0 0; color: var(--soft); }
dl { margin: 1.5rem 0; display: grid; grid-template-columns: auto 1fr; }
dt, dd { margin: 0; padding: .55rem 0; border-top: 1px solid var(--line); }
dt { padding-right: 2rem; color: var(--soft); }
dd { font-weight: 600; overflow-wrap: anywhere; }
a { color: var(--mark); }
</style>
</head>
<body>
<main>
<h1>$image</h1>
<p>One image, the same system wherever it runs.</p>
<dl>
<dt>Variant</dt><dd>$variant</dd>
<dt>Runtime</dt><dd>$runtime</dd>
<dt>Host name</dt><dd>$hostname</dd>
<dt>Release</dt><dd>$release</dd>
<dt>Up for</dt><dd>$uptime</dd>
</dl>
<p>For scripts: <a href="/status.json">status.json</a></p>
</main>
</body>
</html>
EOF
