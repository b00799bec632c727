"""Write a live ISO on a stick: which disks may be written, and how it is done."""
