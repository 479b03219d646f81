"""The rules of recognising, deciding and keeping a register: no I/O, no clock, no OpenCV."""
