"""How a device learns to trust this site's certificate."""
