"""How the machine is reached by others on the local network: names, certificates, trust."""
