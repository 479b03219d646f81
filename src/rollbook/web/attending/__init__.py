"""The session at work: register by hand, paper, class photograph, and why a mark is there."""
