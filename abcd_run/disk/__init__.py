"""From a live ISO to disks and appliances for the hypervisors that abcd-run does not drive itself."""
