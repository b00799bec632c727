"""Ask the instances of one image the same questions, and compare their answers."""
