"""Bringing an export in by hand: what arrives is unpacked with limits, tried in a process of its own, then published or discarded."""
