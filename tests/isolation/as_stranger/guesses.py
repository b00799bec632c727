"""Guess a page's password as fast as it answers. Arguments: URL SECONDS THREADS; prints JSON."""

import http.client
import json
import secrets
import sys
import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

PATIENCE = 30
"""Seconds until a guess that gets no answer is given up."""


def _guess() -> int:
    login = b64encode(f"abcd:{secrets.token_urlsafe(8)}".encode()).decode()
    place = urlsplit(sys.argv[1])
    connection = http.client.HTTPConnection(place.netloc, timeout=PATIENCE)
    try:
        connection.request("GET", place.path, headers={"Authorization": f"Basic {login}"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _guesses(_number: int) -> list[int]:
    answers = []
    while time.monotonic() < end:
        answers.append(_guess())
    return answers


seconds, at_once = float(sys.argv[2]), int(sys.argv[3])
began = time.monotonic()
end = began + seconds
with ThreadPoolExecutor(at_once) as pool:
    answers = [answer for each in pool.map(_guesses, range(at_once)) for answer in each]
json.dump({"answers": answers, "seconds": time.monotonic() - began}, sys.stdout)
