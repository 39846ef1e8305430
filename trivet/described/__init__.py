"""What connectors share whose system is described in the connection: places in bodies, parts of settings, logins."""
