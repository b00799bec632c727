"""Guess a page's password as fast as possible; print the answers. Arguments: URL COUNT AT_ONCE."""

import http.client
import json
import secrets
import sys
import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

SECONDS = 30


def _guess(_number: int) -> int:
    login = b64encode(f"abcd:{secrets.token_urlsafe(8)}".encode()).decode()
    place = urlsplit(sys.argv[1])
    connection = http.client.HTTPConnection(place.netloc, timeout=SECONDS)
    try:
        connection.request("GET", place.path, headers={"Authorization": f"Basic {login}"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


count, at_once = int(sys.argv[2]), int(sys.argv[3])
began = time.monotonic()
with ThreadPoolExecutor(at_once) as pool:
    answers = list(pool.map(_guess, range(count)))
json.dump({"answers": answers, "seconds": time.monotonic() - began}, sys.stdout)
