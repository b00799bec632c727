"""From plans to ready instances, and how to reach them."""
