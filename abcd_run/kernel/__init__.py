"""From a live ISO to its kernel and one initrd that carries the system: machines without disks."""
