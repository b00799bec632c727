"""How an instance ends: its pod first, which needs time, then what belongs to it."""

import time

from abcd_run.concurrency.cancel import current
from abcd_run_kubernetes import beside, folder, forwards, instances
from abcd_run_kubernetes.pods import Pods
from abcd_run_kubernetes.service import Api, Document
from abcd_run_kubernetes.translate import GRACE_SECONDS

LATE_SECONDS = 30.0
"""How long a pod may take to go beyond the time that it has to shut down: a node may be away."""

HURRIED_SECONDS = 2.0
FIRST_LOOK, SLOWEST_LOOK, GROWTH = 0.05, 0.5, 1.4


def remove(api: Api, pods: Pods, name: str) -> None:
    """End an instance and remove all of it; no-op if it is gone, or if the pod is not ours."""
    pod = api.find("pods", name)
    if pod is not None and instances.are_ours(pod):
        forwards.end(folder.of(str(pod["metadata"]["uid"])))
        end_pod(api, pods, pod)
        beside.remove(api, pod)
    secret = api.find("secrets", name)
    if secret is not None and instances.are_ours(secret):
        if pod is None and (kept := instances.kept_pod(secret)) is not None:
            beside.remove(api, kept)
        api.delete(api.path("secrets", name))


def end_pod(api: Api, pods: Pods, pod: Document) -> None:
    """Delete a pod, and return once its name is free.

    A node that is away would keep it for ever: then the API server forgets it. So it does at once
    where nothing has run yet: some kubelets take half a minute for a pod without an image.
    """
    hurried, name = current().hurried, str(pod["metadata"]["name"])
    path = api.path("pods", name)
    if not instances.has_run(pod):
        api.delete(path, gracePeriodSeconds="0")
        return
    grace = 1 if hurried else GRACE_SECONDS
    until = time.monotonic() + (HURRIED_SECONDS if hurried else grace + LATE_SECONDS)
    pause = FIRST_LOOK
    with pods.following(pod) as newest:
        api.delete(path, gracePeriodSeconds=str(grace))
        while (there := newest(pause)) is not None:
            # Nothing of it runs any more: a kubelet takes seconds to say that it has tidied up.
            if time.monotonic() > until or instances.has_ended(there):
                api.delete(path, gracePeriodSeconds="0")
                return
            pause = min(pause * GROWTH, SLOWEST_LOOK)
