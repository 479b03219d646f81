"""Messages: channels, rules, texts, what is on its way, and who wants to hear of what."""
