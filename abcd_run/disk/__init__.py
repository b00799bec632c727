"""From a live ISO to disks and appliances for hypervisors that abcd-run does not drive."""
