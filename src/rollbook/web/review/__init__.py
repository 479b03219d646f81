"""What waits for a decision: unsure faces, disputes and excuses."""
